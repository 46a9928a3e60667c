"""One node of a large fleet: only what costs grow with. The domain code is the daemon's; disk and GitHub are left out.

All nodes of a run share one roster, one book and one table of who is there, as if every presence and every ruling were
heard by all: what these cost is counted where they are sent, and weighed once (`weigh`).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from aggregator.arrivals import Incoming, Terms
from aggregator.author import Author
from aggregator.book import Book
from aggregator.due import Policy
from aggregator.election import RANKS
from aggregator.fleet import Fleet
from aggregator.keepers import KIND, SPREAD_ABOVE, SUBJECT, keepers
from aggregator.ledger import Ledger
from aggregator.message import Presence
from aggregator.pace import Pace, share_of
from aggregator.page import Origin, Page, read_body
from aggregator.roster import Roster
from aggregator.tally import Seen
from tests.pure.factories import name
from tests.simulation.fleetnode import FLEET, member, sign_as, verify, verify_page

WINDOW = 900
TERMS = Terms(FLEET, WINDOW, verify_page)
REPOSITORY = "acme/app"
POLICY = Policy(repository=REPOSITORY)


@dataclass
class Shared:
    """What all nodes of a run have in common."""

    random: Random
    names: list[str]
    book: Book = field(default_factory=Book)
    roster: Roster = field(default_factory=lambda: Roster([FLEET], verify, verify_page))
    order: list[str] = field(default_factory=list[str])  # the keepers, first in rank first; empty: everybody keeps all

    @property
    def spread(self) -> bool:
        return bool(self.order)


def share(seed: int, count: int) -> Shared:
    """A fleet of so many, spread if it is large enough."""
    shared = Shared(Random(seed), [f"12D3KooW{number:044d}" for number in range(count)])
    for peer in shared.names:
        shared.roster.put(member(peer))
    if count > SPREAD_ABOVE:
        shared.order = keepers(REPOSITORY, shared.names, shared.names)
        shared.book.put_ruling(shared.book.rule(KIND, SUBJECT, True, shared.names[0]))
    return shared


class ScaleNode:
    """`traffic`: messages and bytes that this node sent or heard, by kind."""

    def __init__(self, shared: Shared, peer: str, now: float) -> None:
        self.shared, self.peer = shared, peer
        self.traffic: Counter[str] = Counter()
        self.ledger = Ledger()
        self.begin(now)

    def begin(self, now: float) -> None:
        """A new run of its process, with what is on its disk."""
        kept = [(page, read_body(page.body)) for page in self.ledger.pages()]
        self.ledger = Ledger()
        for page, tallies in kept:
            self.ledger.put(page, tallies)
        origin = Origin(self.peer, f"{self.shared.random.getrandbits(64):016x}")
        self.author = Author(origin, WINDOW)
        shared, sign = self.shared, sign_as(self.peer.encode())
        self.fleet = Fleet(origin, TERMS, shared.roster, self.ledger, shared.book, sign, lambda: POLICY)
        self.fleet.resize()
        self.fleet.load([page for page, _ in kept])
        self.fleet.keeping.keepers.look(self.shared.order, {REPOSITORY: self.shared.order[:RANKS]}, now)
        self.pace = Pace(now, share_of(len(shared.names)), shared.random.random())

    @property
    def keeps(self) -> bool:
        return not self.shared.spread or self.peer in self.shared.order

    def report(self, numbers: Sequence[int], count: int, now: float) -> Page:
        """Errors of a program on this machine, all in one batch."""
        seen = [
            Seen(name(each), name(each), f"ValueError: number {each}", "0" * 16, count, now, now, 2, "shop")
            for each in numbers
        ]
        staged = self.author.stage(seen, now, lambda _: True)
        self.author.accept(staged)
        for page, tallies in staged.pages:
            self.ledger.put(page, tallies)
        self.fleet.wrote([page.key for page, _ in staged.pages])
        return staged.pages[0][0]

    def present(self, now: float) -> None:
        self.fleet.outbox.present(
            Presence(run=self.fleet.me.run, at=now, version="1.0", reads=["page 1", "s1"], settled=True,
                     candidate=[REPOSITORY], addresses=["/ip4/10.0.0.1/tcp/4001/p2p/" + "x" * 52])
        )  # fmt: skip

    def tell(self, now: float) -> bytes | None:
        """The next gossip message, if there is one and it may be sent."""
        self.pace.adapt(now, self.shared.random.random())
        return self.say(now)

    def say(self, now: float) -> bytes | None:
        """The same, at the rate of before."""
        self.fleet.flush()
        if not len(self.fleet.outbox) or not self.pace.take(now):
            return None
        data = self.fleet.outbox.take()
        if data is not None:
            self.traffic["gossip sent"] += 1
            self.traffic["gossip bytes"] += len(data)
        return data

    def hear(self, peer: str, data: bytes, now: float) -> Incoming:
        incoming = self.fleet.heard(peer, data, now, now)
        self.take(incoming)
        return incoming

    def take(self, incoming: Incoming) -> None:
        """Commit what came."""
        for page, tallies in incoming.pages:
            self.ledger.put(page, tallies)
        self.fleet.took(incoming)

    def count(self, number: int) -> int:
        """Occurrences of an error, as far as this node knows."""
        return self.ledger.count(name(number))

    def own(self) -> int:
        """Occurrences that were reported on this machine."""
        mine = (page for page in self.ledger.pages() if page.key.origin.peer == self.peer)
        return sum(tally.count for page in mine for tally in self.ledger.tallies_of(page.key))

    def disk(self) -> int:
        """Bytes of the pages that it keeps."""
        return sum(len(page.body) + len(page.signature) + 120 for page in self.ledger.pages())
