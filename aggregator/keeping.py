"""A node's part in a spread fleet: what it keeps, what it brings to whom, what it lets go of.

    bring     who is no keeper ──  Offer: these versions        ──▶ keeper
                               ◀── Wanted: of these I lack some ──
                               ──  Give: the pages              ──▶ checked, committed
                               ◀── Taken: these are here ─────────
    compare   keeper           ──  Shelf: a question of `sync` about one repository ──▶ keeper

Bringing is a generator that yields questions and gets answers, as pulling is, so the daemon and the simulator run the
same. A keeper takes what it is brought even if it does not take itself for one: it will bring it to whom it does.
Gossip goes on as ever, to all; who is no keeper lets it pass.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence

import msgspec

from aggregator.book import Book, Ruling
from aggregator.digest import Version, version_of
from aggregator.due import Policy
from aggregator.keepers import NO_REPOSITORY, Homes, Keepers, is_spread
from aggregator.page import Page, PageKey
from aggregator.questions import ANSWER_BYTES, FETCHED, LISTED, BadAnswer, Question
from aggregator.runs import Runs
from aggregator.settling import Settling
from aggregator.shelves import Shelves
from aggregator.tally import Tally

NEIGHBOURS = 2  # of the keepers after this one in rank: it compares with these, and those before it with it


class Offer(msgspec.Struct, frozen=True, tag="offer"):
    repository: str
    versions: list[Version]


class Give(msgspec.Struct, frozen=True, tag="give"):
    repository: str
    pages: list[Page]


class Shelf(msgspec.Struct, frozen=True, tag="shelf"):
    """A question of `sync`, about the pages of one repository. Answered as `sync` does."""

    repository: str
    question: Question


Request = Offer | Give | Shelf


class Wanted(msgspec.Struct, frozen=True, tag="wanted"):
    keys: list[PageKey]
    keeps: bool  # who answers takes itself for a keeper: what is with it stays there


class Taken(msgspec.Struct, frozen=True, tag="taken"):
    """What of it is committed. The rest was refused or put off: who brought it has to hold it still."""

    keys: list[PageKey]


Reply = Wanted | Taken

Bring = Generator[Offer | Give, Reply, list[Version]]


class Keeping:
    """What one node knows of keepers and shelves. `policy`: the configuration of now."""

    LATELY = 60.0  # seconds for which having had everything counts when the fleet spreads; neighbours compare every few

    def __init__(self, me: str, book: Book, policy: Callable[[], Policy]) -> None:
        self.keepers = Keepers(me)
        self.homes = Homes(book, policy)
        self.shelves = Shelves(self.homes.of)
        self._book, self._policy = book, policy
        self._since: dict[str, float] = {}  # by repository: when this node became a keeper of it
        self._complete: set[str] = set()
        self._looked = 0.0  # when who is there was last taken in
        self._gathered = float("-inf")  # when all that a neighbour had was here, which kept everything

    @property
    def spread(self) -> bool:
        return is_spread(self._book)

    def look(self, live: Iterable[str], able: Mapping[str, Iterable[str]], elapsed: float) -> None:
        """Take in who is there. Who becomes a keeper has not all counts yet, nor has one that slept."""
        if elapsed - self._looked > Settling.SLEPT:
            self._since.clear()
            self._gathered = float("-inf")
        self._looked = elapsed
        self.keepers.look(live, able, elapsed)
        mine = set(self.kept(able)) if self.spread else set[str]()
        self._complete &= mine & self._since.keys()
        self._since = {each: self._since.get(each, elapsed) for each in mine}
        if self.spread and elapsed - self._gathered <= self.LATELY:
            self._complete |= mine
            self._gathered = float("-inf")  # only who is a keeper from the beginning

    def gathered(self, elapsed: float) -> None:
        """All that a neighbour had is here, pages and book. While everybody keeps everything, that is all there is."""
        if not self.spread:
            self._gathered = elapsed

    def compared(self, repository: str) -> None:
        """All that another keeper of that repository had is here, and that one had all.

        Two that have become keepers at the same time, each with an empty shelf, have nothing to learn from each other.
        """
        if repository in self._since:
            self._complete.add(repository)

    def has_all(self, repository: str, elapsed: float) -> bool:
        """What another keeper is told: who does not know that the fleet is spread is not one to learn from."""
        return self.spread and self.settled(repository, elapsed)

    def settled(self, repository: str, elapsed: float) -> bool:
        """Whether this node, if it is a keeper of it, has what the others have; or there is nobody to have it from."""
        name = repository.lower()
        if not self.spread or name in self._complete:
            return True
        return name in self._since and elapsed >= self._since[name] + Settling.LONGEST

    def keeps(self, repository: str) -> bool:
        """Whether this node has all counts of a repository, and so may decide about it."""
        return not self.spread or self.keepers.keep(repository.lower())

    def wants(self, tallies: Iterable[Tally]) -> bool:
        """Whether a page of another node is to be kept here."""
        return any(map(self.keeps, self.homes.of(tallies)))

    def kept(self, repositories: Iterable[str]) -> list[str]:
        """Of the known ones, those that this node is a keeper of."""
        return [each for each in self.known(repositories) if self.keepers.keep(each)]

    def known(self, repositories: Iterable[str]) -> list[str]:
        """These, those that are configured or routed to, and all that something is held about. A keeper that holds
        nothing yet must know that there is something to ask for."""
        policy = self._policy()
        routed = self._book.derived("route", _repositories)
        named = {NO_REPOSITORY, policy.repository, *policy.routes.values(), *routed, *repositories}
        return sorted({*map(str.lower, named), *self.shelves.repositories()})

    def partners(self, repository: str) -> list[str]:
        """The keepers that this one compares with: a ring with chords, in which everything is two steps away."""
        order = self.keepers.of(repository)
        if self.keepers.me not in order:
            return []
        mine = order.index(self.keepers.me)
        after = [order[(mine + step) % len(order)] for step in range(1, NEIGHBOURS + 1)]
        return [peer for peer in dict.fromkeys(after) if peer != self.keepers.me]

    def errands(self, elapsed: float) -> dict[str, list[Version]]:
        """By repository: what is to be brought to one of its keepers."""
        found = {
            each: self.shelves.to_bring(each, self.keepers.of(each), elapsed)
            for each in self.shelves.repositories()
            if not self.keepers.keep(each)
        }
        return {each: versions for each, versions in found.items() if versions}

    def surplus(self, elapsed: float) -> list[PageKey]:
        """What this node need not hold any more."""
        return self.shelves.surplus(self.keepers.me, self.keepers.keep, self.keepers.of, elapsed)

    def bring(self, repository: str, versions: Sequence[Version]) -> Bring:
        """Bring these to a keeper. Returns what it has now, and keeps; the rest is brought at the next visit.

        Raises `BadAnswer` when the keeper does not keep to the protocol.
        """
        offered, digest = list(versions[:LISTED]), self.shelves.digest(repository)
        wanted = yield Offer(repository, offered)
        if not isinstance(wanted, Wanted):
            raise BadAnswer("expected Wanted")
        there = {version.key for version in offered}
        lacking = there & set(wanted.keys)
        there -= lacking
        for pages in _portions(page for key in sorted(lacking) if (page := digest.page(key))):
            taken = yield Give(repository, pages)
            if not isinstance(taken, Taken):
                raise BadAnswer("expected Taken")
            there |= lacking & set(taken.keys)
        return [version for version in offered if wanted.keeps and version.key in there]


def wanted_of(offer: Offer, page_of: Callable[[PageKey], Page | None], keeps: bool, runs: Runs) -> Wanted:
    """What is answered to an offer: of which pages that version, or a later one, is lacking here. None of `runs` that
    have no place: whoever offers these may let them go."""
    some = [version.key for version in offer.versions[:LISTED] if _lacks(page_of(version.key), version)]
    return Wanted([key for key in some if not runs.beyond(key.origin, key.window)], keeps)


def taken_of(give: Give, page_of: Callable[[PageKey], Page | None]) -> Taken:
    """What is answered to what was given, once it is committed."""
    return Taken([page.key for page in give.pages if not _lacks(page_of(page.key), version_of(page))])


def _lacks(ours: Page | None, theirs: Version) -> bool:
    return ours is None or (theirs.sequence, theirs.hash) > ours.rank()


def _portions(pages: Iterable[Page]) -> Iterable[list[Page]]:
    """Lists of pages that fit into one request each."""
    some: list[Page] = []
    size = 0
    for page in pages:
        size += len(page.body) + 200
        if some and (size > ANSWER_BYTES or len(some) >= FETCHED):
            yield some
            some, size = [], len(page.body) + 200
        some.append(page)
    if some:
        yield some


def _repositories(routes: Iterator[Ruling]) -> frozenset[str]:
    return frozenset(ruling.value for ruling in routes if isinstance(ruling.value, str))
