"""What the calls share: the client, the repositories, the lists, and a few things learnt on the way."""

from node.clock import Clock
from node.github.client import Client
from node.github.pages import Pages
from node.github.repository import Repositories

ASSOCIATIONS = 1000  # remembered at most; then all are forgotten


class Hub:
    """`allowed`: public repositories that may be written to."""

    def __init__(self, client: Client, clock: Clock, allowed: frozenset[str]) -> None:
        self.client = client
        self.repositories = Repositories(client, clock, allowed)
        self.pages = Pages(client)
        self.labels: set[tuple[str, str]] = set()  # (repository, label) that are known to exist, lower case
        self.trees: dict[str, str] = {}  # of claim commits, by repository
        self.associations: dict[tuple[str, str], str] = {}  # of (repository, login), lower case, as last seen

    def saw(self, repository: str, login: str, association: str) -> None:
        """Remember what stood beside something that `login` wrote."""
        if len(self.associations) >= ASSOCIATIONS:
            self.associations.clear()
        self.associations[repository.lower(), login.lower()] = association

    def association(self, repository: str, login: str) -> str:
        return self.associations.get((repository.lower(), login.lower()), "NONE")
