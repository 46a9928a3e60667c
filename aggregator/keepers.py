"""Who keeps whose counts in a fleet that is too large for everybody to keep all.

Up to about 200 nodes every node keeps every page. Beyond, the fleet is *spread*: the pages about a repository are kept
by its 8 keepers, and all others bring theirs to one of them. Keepers are found as filers are, by rendezvous hash over
the nodes that are there; those who may file come first, because only who has all counts may decide what is filed.

Whether a fleet is spread is no guess of each node: two neighbours that differ in it would each wait for the other. It
is a ruling in the book, which every node has, written by the first in rank when the fleet has clearly grown or shrunk.

Who keeps what need not be agreed on exactly. Whoever holds a page brings it to those whom it takes for keepers, until
one of these says that it has it, and again when that one is no keeper any more.
"""

from collections.abc import Callable, Iterable, Mapping

from aggregator.book import Book, Ruling
from aggregator.due import Policy, repository_of
from aggregator.election import RANKS, ranked
from aggregator.rulings import canonical
from aggregator.tally import Tally, total

KEEPERS = 8  # of one repository
SPREAD_ABOVE = 200  # nodes that are there
GATHER_BELOW = 160  # a fifth less, so that a fleet at the limit does not go back and forth
KIND, SUBJECT = "spread", "fleet"  # of the ruling

VISITS = 4.0  # a second, that one keeper is to bear
SOONEST = 5.0  # seconds between two visits of one node
RECHECK = 3600.0  # seconds after which what a keeper said that it has is asked about again
HOMES = 16_384  # remembered at most; when full, all are forgotten

NO_REPOSITORY = ""  # home of what is routed nowhere: it has keepers like any repository


def keepers(repository: str, live: Iterable[str], able: Iterable[str]) -> list[str]:
    """Peer ids of a repository's keepers, first in rank first. `able`: those of the live who may file there."""
    first = ranked(repository, able)[:RANKS]
    return [*first, *(peer for peer in ranked(repository, live) if peer not in first)][:KEEPERS]


def visit_every(nodes: int) -> float:
    """Seconds between two visits of one node to a keeper, in a fleet of `nodes`, while it has something to bring."""
    return max(SOONEST, nodes / (KEEPERS * VISITS))


def is_spread(book: Book) -> bool:
    """Whether pages are kept by keepers, and not by everybody."""
    return book.value(KIND, SUBJECT) is True


def spread_ruling(book: Book, me: str, live: Iterable[str]) -> Ruling | None:
    """What this node is to rule about the size of the fleet now; None: nothing, or it is not the one to say so."""
    everybody = {me, *live}
    spread = is_spread(book)
    wanted = len(everybody) > (GATHER_BELOW if spread else SPREAD_ABOVE)
    if wanted == spread or ranked(SUBJECT, everybody)[0] != me:
        return None
    return book.rule(KIND, SUBJECT, wanted, me)


class Homes:
    """The repositories that tallies are about: those by whose keepers they are to be kept. Lower case.

    What was routed is known to all by the book; what was not, by the configuration, which is to be the same everywhere.
    """

    def __init__(self, book: Book, policy: Callable[[], Policy]) -> None:
        self._book, self._policy = book, policy
        self._known: dict[tuple[str, tuple[str, ...]], str] = {}
        self._policy_of_known: Policy | None = None

    def forget(self) -> None:
        """Routes, or what is joined, are others now."""
        self._known.clear()

    def of(self, tallies: Iterable[Tally]) -> frozenset[str]:
        if self._policy() != self._policy_of_known or len(self._known) > HOMES:
            self._known, self._policy_of_known = {}, self._policy()
        return frozenset(map(self._home, tallies))

    def _home(self, tally: Tally) -> str:
        key = tally.root, tuple(tally.services)
        home = self._known.get(key)
        if home is None:
            root = canonical(self._book, tally.root)
            home = repository_of(root, total([("", tally)]), self._book, self._policy()).lower()
            self._known[key] = home
        return home


class Keepers:
    """Whom this node takes for the keepers of each repository, as of its last look."""

    def __init__(self, me: str) -> None:
        self.me = me
        self._live: frozenset[str] = frozenset((me,))
        self._able: Mapping[str, frozenset[str]] = {}
        self._away: dict[str, float] = {}  # who did not answer, and until when it is passed over
        self._of: dict[str, list[str]] = {}

    def look(self, live: Iterable[str], able: Mapping[str, Iterable[str]], elapsed: float) -> bool:
        """Take in who is there, and who may file where. Returns whether anything changed."""
        before = self._live, self._able
        self._away = {peer: until for peer, until in self._away.items() if until > elapsed}
        self._live = frozenset({self.me, *live} - self._away.keys())
        self._able = {name.lower(): frozenset(peers) & self._live for name, peers in able.items()}
        if before == (self._live, self._able):
            return False
        self._of.clear()
        return True

    def silent(self, peer: str, until: float) -> None:
        """That one did not answer: it is passed over for a while, counted from the next look."""
        self._away[peer] = until

    def of(self, repository: str) -> list[str]:
        """First in rank first."""
        if repository not in self._of:
            self._of[repository] = keepers(repository, self._live, self._able.get(repository, ()))
        return self._of[repository]

    def keep(self, repository: str) -> bool:
        """Whether this node is one of them."""
        return self.me in self.of(repository)

    def to_visit(self, repository: str) -> list[str]:
        """The keepers that this node brings its pages to, in its own order: so all share the work."""
        return ranked(self.me, (peer for peer in self.of(repository) if peer != self.me))

    @property
    def nodes(self) -> int:
        """How many are there."""
        return len(self._live)
