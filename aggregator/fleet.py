"""What this node knows of the others, and what it makes of what they say. One mind for the daemon and the simulator.

Everything that comes from outside passes `heard` or `pulled` and comes out as `Incoming`: what was checked and may be
committed, and what was refused and why. When it is committed, `took` is told, and only then is it passed on by sync.
Nothing here waits, and nothing that a peer sends raises.

Members are introduced by the chain of signatures that they show (`member.py`), and by the path of those who let them in
up to the fleet's key. Who shows an invitation by which nobody has let it in yet is let in here, if it may be.
"""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from aggregator import door
from aggregator.accept import Refusal
from aggregator.alone import Alone
from aggregator.arrivals import Arrivals, Incoming, Terms
from aggregator.book import Book, FactKey, Ruling
from aggregator.copies import Copies
from aggregator.digest import Digest, Version
from aggregator.due import Policy
from aggregator.entries import MEMBER, introduction
from aggregator.keeping import Keeping
from aggregator.ledger import Ledger
from aggregator.member import Member, read_chain
from aggregator.message import BadMessage, BookMessage, PageMessage, Presence, decode
from aggregator.outbox import Outbox
from aggregator.page import Origin, Page, PageKey, message_to_sign, newer
from aggregator.presence import Peers
from aggregator.questions import Has
from aggregator.reason import Reason
from aggregator.roster import Roster
from aggregator.sealed import Sealed, seal
from aggregator.sync import Pulled

ROUTING = ("route", "edge")  # rulings that decide which repository a root is about

Sign = Callable[[bytes], bytes]


class Fleet:
    """The others, from one node's point of view. `policy`: the configuration of now, for what is routed nowhere yet.
    `began`: when this process did, Unix seconds; left out, copies of its key are not looked for."""

    def __init__(
        self,
        me: Origin,
        terms: Terms,
        roster: Roster,
        ledger: Ledger,
        book: Book,
        sign: Sign,
        policy: Callable[[], Policy] = Policy,
        began: float = float("inf"),
    ) -> None:
        self.me, self.terms, self.roster = me, terms, roster
        self.digest, self.peers = Digest(), Peers()
        self.keeping = Keeping(me.peer, book, policy)
        self.alone = Alone()
        self._copies = Copies(me.run, began)
        self.outbox = Outbox(self.digest.page)
        self._ledger, self._book, self._sign = ledger, book, sign
        self._arrivals = Arrivals(me.peer, terms, roster, ledger, book, self.digest, self.keeping)
        self._unsigned: dict[PageKey, None] = {}
        self._filed: dict[FactKey, int] = {}  # what others said last; as many as the book takes from them
        for ruling in book.rulings(MEMBER):
            self._introduced(ruling)

    @property
    def book(self) -> Book:
        return self._book

    @property
    def has(self) -> Has:
        """What neighbours compare and answer from: in a spread fleet only the book, for they keep different pages."""
        return Has(self._ledger, Digest() if self.keeping.spread else self.digest, self._book)

    def shelf(self, repository: str, settled: bool = False) -> Has:
        """What two keepers of a repository compare and answer from. `settled`: as `Keeping.has_all` says."""
        return Has(self._ledger, self.keeping.shelves.digest(repository.lower()), self._book, settled)

    @property
    def bans(self) -> dict[str, float]:
        """Moments by peer id or invitation key."""
        return self._arrivals.bans

    @property
    def refused(self) -> frozenset[Version]:
        """Not to be asked for again."""
        return self._arrivals.refused

    # From this node.

    def load(self, pages: Iterable[Page]) -> None:
        """The pages that the store had. Own ones that were never sent are signed now."""
        for page in pages:
            self._put(page if page.signature else self.signed(page))
            if page.key.origin.peer == self.me.peer:
                self.alone.changed([page.key])  # of an earlier run: who has it will be seen

    def wrote(self, keys: Iterable[PageKey]) -> None:
        """Own pages changed, and the change is committed. They are signed at the next flush, not for each change."""
        self._unsigned.update(dict.fromkeys(keys))

    def disowned(self) -> list[PageKey]:
        """Pages of others that were taken, and would be refused by what is known now.

        Whoever hears late of a ban has taken what all others refuse. To be dropped from the store, then told to
        `disown`: or else two nodes would never agree again.
        """
        bans, roster = self.bans, self.roster
        since: dict[str, float] = {}
        for peer in {key.origin.peer for key in self.digest} - {self.me.peer}:
            never = roster.never(peer, bans) is Reason.BANNED
            since[peer] = float("-inf") if never else roster.banned_from(peer, bans)
        return [key for key in self.digest if key.window >= since.get(key.origin.peer, float("inf"))]

    def disown(self, keys: Iterable[PageKey]) -> None:
        """These pages are dropped: sync tells of them no more."""
        for key in keys:
            self.digest.remove(key)
            self.keeping.shelves.remove(key)

    def drop(self) -> None:
        """Forget the windows that have left the ledger."""
        self.digest.drop(self._ledger.horizon)
        self.keeping.shelves.drop(self._ledger.horizon)
        self.alone.remove([key for key in self.alone if key.window < self._ledger.horizon])

    def oldest_alone(self, elapsed: float) -> int | None:
        """The window of the oldest own page that no other node is known to have; None: every one is elsewhere, too."""
        keeping = self.keeping
        spread = keeping.shelves.alone(self.me.peer, keeping.keepers.of, elapsed) if keeping.spread else self.alone
        return min((key.window for key in spread), default=None)

    def ruled(self, rulings: Iterable[Ruling]) -> None:
        """The book has learnt these: some pages may be about another repository now, or the fleet may be spread."""
        routing = [ruling for ruling in rulings if ruling.kind in ROUTING]
        if routing:
            self.keeping.homes.forget()
            self._shelve({key for each in routing for key in self._pages_about(each.subject.split(" "))})
        self.resize()

    def resize(self) -> None:
        """Fill the shelves when the fleet has become spread, clear them when it no longer is."""
        shelves = self.keeping.shelves
        if self.keeping.spread != shelves.used:
            shelves.clear(used=self.keeping.spread)
            self._shelve(page.key for page in self._ledger.pages())

    def flush(self) -> None:
        """Sign the own pages that changed; from now on they are told and given out."""
        for page in filter(None, map(self._ledger.page, self._unsigned)):
            self._put(self.signed(page))
            self.outbox.changed([page.key])
            self.alone.changed([page.key])
        self._thin(self._unsigned)
        self._unsigned.clear()

    def signed(self, page: Page) -> Page:
        """An own page with its signature."""
        return msgspec.structs.replace(
            page, signature=self._sign(message_to_sign(page, self.terms.fleet, self.terms.length))
        )

    def _put(self, page: Page) -> None:
        """A signed page, which is in the ledger."""
        self.digest.put(page)
        self._shelve([page.key])

    def _thin(self, keys: Iterable[PageKey]) -> None:
        """Some runs of the origins of these pages may have lost their place to others: sync tells of them no more."""
        runs = self._ledger.runs
        places = {(key.origin.peer, key.window) for key in keys}
        for peer, window in (each for each in places if runs.crowded(*each)):
            origins = self.digest.origins(window)
            gone = [each for each in origins if each.peer == peer and runs.beyond(each, window)]
            keys = [version.key for each in gone for version in self.digest.versions(window, each)]
            self.disown(keys)
            self.alone.remove(keys)

    def _shelve(self, keys: Iterable[PageKey]) -> None:
        if not self.keeping.shelves.used:
            return
        for page in filter(None, map(self.digest.page, keys)):
            self.keeping.shelves.put(page, self._ledger.tallies_of(page.key))

    def _pages_about(self, roots: Iterable[str]) -> set[PageKey]:
        return self._ledger.pages_about(roots)

    def sealed(self, sample: Sealed) -> Sealed:
        """An own sample with this node's word for it."""
        return seal(sample, self.terms.fleet, self._sign)

    # From others.

    def holds(self, sample: Sealed) -> bool:
        """Whether a sample is its origin's, whoever handed it on."""
        return sample.holds(self.terms.fleet, self.terms.verify)

    def is_news(self, member: Member) -> bool:
        """Whether the book has yet to hear of this chain."""
        return self._book.takes(introduction(member))

    def welcome(self, chain: bytes, path: Sequence[bytes] = ()) -> Member | Refusal:
        """The member that a chain proves, with the path from its voucher to the fleet's key: see `door.py`."""
        return door.welcome(self._door, chain, path)

    def let_in(self, asking: Member, now: float) -> Member | Refusal:
        """The chain of one who has an invitation, with this node's word for it, if it may be let in now."""
        return door.let_in(self._door, asking, now)

    @property
    def _door(self) -> door.Keeper:
        return door.Keeper(self.me.peer, self.roster, self.bans, self._sign)

    def why_not(self, peer: str) -> Reason | None:
        """Why this peer's word does not count; None: it does."""
        return None if peer == self.me.peer else self.roster.why_not(peer, self.bans)

    def heard(self, peer: str, data: bytes, now: float, elapsed: float) -> Incoming:
        """A gossip message, said by `peer`."""
        reason = self.why_not(peer)
        if reason is not None:
            return Incoming(refused=[Refusal(reason, peer)])
        try:
            message = decode(data)
        except BadMessage as error:
            return Incoming(refused=[Refusal(Reason.BAD_MESSAGE, str(error))])
        match message:
            case PageMessage(pages=pages):
                return self._arrivals.pages(pages, now)
            case BookMessage(facts=facts, rulings=rulings):
                return self._arrivals.entries(facts, rulings, now)
            case Presence():
                return Incoming(news=self.peers.hear(peer, message, elapsed))

    def pulled(self, pulled: Pulled, now: float) -> Incoming:
        """What a sync brought."""
        said = pulled.entries
        entries = self._arrivals.entries(said.facts, said.rulings, now)  # first: who wrote the pages
        pages = self._arrivals.pages(pulled.pages, now, asked_for=True)
        refused = [*pages.refused, *entries.refused]
        complete = pulled.complete and all(each.reason is not Reason.NOT_A_MEMBER for each in refused)
        return Incoming(pages.pages, entries.facts, entries.rulings, refused, complete=complete)

    def brought(self, pages: Sequence[Page], now: float) -> Incoming:
        """What a node brought that takes this one for a keeper."""
        return self._arrivals.pages(pages, now, asked_for=True)

    def took(self, incoming: Incoming) -> None:
        """What came is committed: pass it on from now."""
        for page, _ in incoming.pages:
            if newer(page, self.digest.page(page.key)):  # gossip and sync may have brought two versions at once
                self._put(page)
        self._thin(page.key for page, _ in incoming.pages)
        for page, tallies in incoming.pages:
            if page.key.origin.peer == self.me.peer:
                self._copies.alive(page.key.origin.run, max((tally.last for tally in tallies), default=0.0))
        for ruling in incoming.rulings:
            self._introduced(ruling)
        for key, fact in incoming.facts:
            if fact.number and self._filed.get(key) != fact.number:
                self._filed[key] = fact.number
                self._book.look_at(key.root)

    def overheard(self, data: bytes) -> None:
        """A gossip message that was signed with this node's key, whoever passed it on."""
        try:
            message = decode(data)
        except BadMessage:
            return
        if isinstance(message, Presence) and not message.leaving:
            self._copies.alive(message.run, message.at)

    def copied(self, elapsed: float) -> bool:
        """Whether another machine runs with this node's key."""
        return self._copies.running(elapsed)

    def _introduced(self, ruling: Ruling) -> None:
        member = read_chain(ruling.value) if ruling.kind == MEMBER else None
        if member is not None:
            self.roster.put(member)
