"""The pages that a node of a spread fleet holds, by the repository that they are about, and who else has them.

A page stands on the shelf of every repository that one of its tallies is about. Two keepers of a repository compare
that shelf and nothing else. Who is no keeper holds its own pages, and what it kept while it was one: both are brought
to a keeper, which says that it has them. Only then is what is not its own let go of; so a page is never dropped that
no keeper has, and what is its own is kept to the end of the lookback in any case.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from typing import NamedTuple

from aggregator.digest import Digest, Version, version_of
from aggregator.keepers import RECHECK
from aggregator.page import Page, PageKey
from aggregator.tally import Tally

Classify = Callable[[Iterable[Tally]], frozenset[str]]


class Held(NamedTuple):
    """Who said that it has a version of a page."""

    version: Version
    keeper: str
    at: float  # on the elapsed clock


class Shelves:
    """Digests by repository. `classify`: the repositories that some tallies are about."""

    def __init__(self, classify: Classify) -> None:
        self.used = False  # whether the fleet is spread
        self._classify = classify
        self._digests: dict[str, Digest] = {}
        self._homes: dict[PageKey, frozenset[str]] = {}
        self._held: dict[tuple[str, PageKey], Held] = {}

    def __len__(self) -> int:
        return len(self._homes)

    def homes(self, tallies: Iterable[Tally]) -> frozenset[str]:
        """The repositories that these tallies are about."""
        return self._classify(tallies)

    def put(self, page: Page, tallies: Iterable[Tally]) -> None:
        """A signed page came or changed."""
        homes = self._classify(tallies)
        for gone in self._homes.get(page.key, frozenset()) - homes:
            self._digests[gone].remove(page.key)
            self._held.pop((gone, page.key), None)
        self._homes[page.key] = homes
        for home in homes:
            self._digests.setdefault(home, Digest()).put(page)

    def remove(self, key: PageKey) -> None:
        """A page is not kept any more."""
        for home in self._homes.pop(key, ()):
            self._digests[home].remove(key)
            self._held.pop((home, key), None)

    def drop(self, horizon: int) -> None:
        """Forget every window below `horizon`."""
        for key in [key for key in self._homes if key.window < horizon]:
            self.remove(key)
        for digest in self._digests.values():
            digest.drop(horizon)
        self._digests = {home: digest for home, digest in self._digests.items() if any(True for _ in digest)}

    def clear(self, *, used: bool) -> None:
        """Take everything down: the fleet is spread from now on, or no more."""
        self.used = used
        self._digests.clear()
        self._homes.clear()
        self._held.clear()

    def digest(self, repository: str) -> Digest:
        """What is compared with another keeper of that repository."""
        return self._digests.get(repository) or Digest()

    def repositories(self) -> list[str]:
        """Those that something is held about."""
        return sorted(self._digests)

    # What is brought to a keeper.

    def to_bring(self, repository: str, keepers: Container[str], elapsed: float) -> list[Version]:
        """What this node, which is no keeper of it, holds and no keeper of now is known to have."""
        return [
            version for version in self._versions(repository) if not self._safe(repository, version, keepers, elapsed)
        ]

    def has(self, repository: str, keeper: str, versions: Iterable[Version], elapsed: float) -> None:
        """That keeper says that it has these, or will never take them."""
        for version in versions:
            self._held[repository, version.key] = Held(version, keeper, elapsed)

    def surplus(
        self, me: str, keeps: Callable[[str], bool], keepers: Callable[[str], Sequence[str]], elapsed: float
    ) -> list[PageKey]:
        """The pages of others that this node need not hold: it is a keeper of none of their homes, and each home's
        keepers have them."""
        return [
            key
            for key, homes in self._homes.items()
            if key.origin.peer != me
            and not any(keeps(home) for home in homes)
            and all(self._safe(home, self._version(home, key), keepers(home), elapsed) for home in homes)
        ]

    def alone(self, me: str, keepers: Callable[[str], Sequence[str]], elapsed: float) -> Iterator[PageKey]:
        """Own pages that no keeper is known to have."""
        for key, homes in self._homes.items():
            if key.origin.peer == me and not all(
                self._safe(home, self._version(home, key), keepers(home), elapsed) for home in homes
            ):
                yield key

    def _versions(self, repository: str) -> Iterator[Version]:
        digest = self.digest(repository)
        return (self._version(repository, key) for key in digest)

    def _version(self, repository: str, key: PageKey) -> Version:
        page = self._digests[repository].page(key)
        assert page is not None  # it stands on each of its shelves
        return version_of(page)

    def _safe(self, repository: str, version: Version, keepers: Container[str], elapsed: float) -> bool:
        held = self._held.get((repository, version.key))
        return held is not None and held.version == version and held.keeper in keepers and elapsed < held.at + RECHECK
