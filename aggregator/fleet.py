"""What this node knows of the others, and what it makes of what they say. One mind for the daemon and the simulator.

Everything that comes from outside passes `heard` or `pulled` and comes out as `Incoming`: what was checked and may be
committed, and what was refused and why. When it is committed, `took` is told, and only then is it passed on by sync.
Nothing here waits, and nothing that a peer sends raises.

Members are introduced by the chain of signatures that they show (`member.py`). A chain travels as a ruling of kind
`member`, so that every node knows every member; such a ruling counts for what its chain proves, never for who passed
it on.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import msgspec

from aggregator.accept import Gate, Refusal, accept
from aggregator.book import Book, Fact, FactKey, Ruling, sound_fact
from aggregator.digest import Digest, Version, version_of
from aggregator.due import Policy
from aggregator.keeping import Keeping
from aggregator.ledger import Ledger
from aggregator.member import Member, Roster
from aggregator.message import BadMessage, BookMessage, PageMessage, Presence, decode
from aggregator.outbox import Outbox
from aggregator.page import BadPage, Origin, Page, PageKey, Verifier, message_to_sign, newer, read_body
from aggregator.presence import Peers
from aggregator.reason import Reason
from aggregator.rulings import sound_ruling
from aggregator.sync import Has, Pulled
from aggregator.tally import Tally

REFUSED = 4_096  # versions that were refused and are not asked for again; when full, all are forgotten

RULING_BYTES = 4 * 1024  # it is never purged; a member's chain, the largest that is made, has a tenth of it

ROUTING = ("route", "edge")  # rulings that decide which repository a root is about

Sign = Callable[[bytes], bytes]


class Terms(NamedTuple):
    """What a fleet agrees on, fixed for the life of a process."""

    fleet: bytes  # id, 32 bytes: the public half of the fleet's first key
    length: int  # seconds of a window
    verify: Verifier


class Incoming(NamedTuple):
    """What came from outside."""

    pages: Sequence[tuple[Page, list[Tally]]] = ()
    facts: Sequence[tuple[FactKey, Fact]] = ()
    rulings: Sequence[Ruling] = ()
    refused: Sequence[Refusal] = ()
    news: bool = False  # a presence that was not known


class Fleet:
    """The others, from one node's point of view. `policy`: the configuration of now, for what is routed nowhere yet."""

    def __init__(
        self,
        me: Origin,
        terms: Terms,
        roster: Roster,
        ledger: Ledger,
        book: Book,
        sign: Sign,
        policy: Callable[[], Policy] = Policy,
    ) -> None:
        self.me, self.terms, self.roster = me, terms, roster
        self.digest, self.peers = Digest(), Peers()
        self.keeping = Keeping(me.peer, book, policy)
        self.outbox = Outbox(self.digest.page)
        self._ledger, self._book, self._sign = ledger, book, sign
        self._refused: set[Version] = set()
        self._bans: dict[str, float] = {}  # when versions were refused
        self._unsigned: dict[PageKey, None] = {}
        for ruling in book.rulings("member"):
            self._introduced(ruling)

    @property
    def has(self) -> Has:
        """What neighbours compare and answer from: in a spread fleet only the book, for they keep different pages."""
        return Has(self._ledger, Digest() if self.keeping.spread else self.digest, self._book)

    def shelf(self, repository: str) -> Has:
        """What two keepers of a repository compare and answer from."""
        return Has(self._ledger, self.keeping.shelves.digest(repository.lower()), self._book)

    @property
    def refused(self) -> frozenset[Version]:
        """Not asked for again, unless bans have changed since: who was banned may not be any more."""
        if self.bans != self._bans:
            self._bans = self.bans
            self._refused.clear()
        return frozenset(self._refused)

    # From this node.

    def load(self, pages: Iterable[Page]) -> None:
        """The pages that the store had. Own ones that were never sent are signed now."""
        for page in pages:
            self._put(page if page.signature else self.signed(page))

    def wrote(self, keys: Iterable[PageKey]) -> None:
        """Own pages changed, and the change is committed. They are signed at the next flush, not for each change."""
        self._unsigned.update(dict.fromkeys(keys))

    def disowned(self) -> list[PageKey]:
        """Pages of others that were taken, and would be refused by what is known now.

        Whoever hears late of a ban, or of who was let in first, has taken what all others refuse. To be dropped from
        the store, then told to `disown`: or else two nodes would never agree again.
        """
        bans, roster = self.bans, self.roster
        since: dict[str, float] = {}
        for peer in {key.origin.peer for key in self.digest} - {self.me.peer}:
            used_up = roster.why_not(peer, {}) is Reason.USED_UP
            since[peer] = float("-inf") if used_up else roster.banned_from(peer, bans)
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
        self._unsigned.clear()

    def signed(self, page: Page) -> Page:
        """An own page with its signature."""
        return msgspec.structs.replace(page, signature=self._sign(message_to_sign(page, self.terms.fleet)))

    def _put(self, page: Page) -> None:
        """A signed page, which is in the ledger."""
        self.digest.put(page)
        self._shelve([page.key])

    def _shelve(self, keys: Iterable[PageKey]) -> None:
        if not self.keeping.shelves.used:
            return
        for page in filter(None, map(self.digest.page, keys)):
            self.keeping.shelves.put(page, self._ledger.tallies_of(page.key))

    def _pages_about(self, roots: Iterable[str]) -> set[PageKey]:
        ledger = self._ledger
        return {key for root in roots for s in ledger.signatures_of(root) for key in ledger.tallies(s)}

    # From others.

    def member_ruling(self, member: Member) -> Ruling:
        """The ruling that introduces a member to everybody."""
        return self._book.rule("member", member.peer, msgspec.msgpack.encode(member), self.me.peer)

    def is_news(self, member: Member) -> bool:
        """Whether the book has no chain of this member yet, or an older one: it may have been let in anew."""
        known = _read_chain(self._book.value("member", member.peer))
        return known is None or (known != member and known.joined < member.joined)

    def welcome(self, chain: bytes) -> Member | Refusal:
        """The member that a chain proves."""
        member = _read_chain(chain)
        if member is None:
            return Refusal(Reason.FORGED, "the chain cannot be read")
        reason = self.roster.put(member) or self.roster.why_not(member.peer, self.bans)
        return Refusal(reason) if reason else member

    def why_not(self, peer: str) -> Reason | None:
        """Why this peer's word does not count; None: it does."""
        return None if peer == self.me.peer else self.roster.why_not(peer, self.bans)

    @property
    def bans(self) -> dict[str, float]:
        """Moments by peer id or invitation key, from the book."""
        return {r.subject: r.value for r in self._book.rulings("ban") if isinstance(r.value, int | float)}

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
                return self._pages(pages, now)
            case BookMessage(facts=facts, rulings=rulings):
                return self._entries(facts, rulings)
            case Presence():
                return Incoming(news=self.peers.hear(peer, message, elapsed))

    def pulled(self, pulled: Pulled, now: float) -> Incoming:
        """What a sync brought."""
        entries = self._entries(pulled.entries.facts, pulled.entries.rulings)  # first: they introduce who wrote pages
        pages = self._pages(pulled.pages, now, asked_for=True)
        return Incoming(pages.pages, entries.facts, entries.rulings, [*pages.refused, *entries.refused])

    def took(self, incoming: Incoming) -> None:
        """What came is committed: pass it on from now."""
        for page, _ in incoming.pages:
            if newer(page, self.digest.page(page.key)):  # gossip and sync may have brought two versions at once
                self._put(page)
        for ruling in incoming.rulings:
            self._introduced(ruling)

    def _pages(self, pages: Iterable[Page], now: float, *, asked_for: bool = False) -> Incoming:
        gate = self._gate()
        taken: list[tuple[Page, list[Tally]]] = []
        refused: list[Refusal] = []
        for page in pages:
            known = self.digest.page(page.key)
            if known is not None and known.rank() >= page.rank():
                continue
            if not (asked_for or self._wants(page)):
                continue
            result = accept(page, gate, now)
            if isinstance(result, Refusal):
                refused.append(result)
                self._remember(page, result)
            else:
                taken.append((page, result))
        return Incoming(pages=taken, refused=refused)

    def _wants(self, page: Page) -> bool:
        """Whether a page that was told to all is kept here. Looked at before its signature is, which costs more."""
        if not self.keeping.spread or page.key.origin.peer == self.me.peer:
            return True
        try:
            return self.keeping.wants(read_body(page.body))
        except BadPage:
            return True  # refused with its reason

    def _entries(self, facts: Sequence[tuple[FactKey, Fact]], rulings: Sequence[Ruling]) -> Incoming:
        kept: list[Ruling] = []
        refused: list[Refusal] = []
        for ruling in rulings:
            reason = why_not_ruling(ruling, self.roster)
            if reason is None:
                kept.append(ruling)
            else:
                refused.append(Refusal(reason, f"{ruling.kind} {ruling.subject}"[:100]))
        taken = [(key, fact) for key, fact in facts if sound_fact(key, fact)]
        if len(taken) < len(facts):
            refused.append(Refusal(Reason.BAD_MESSAGE, "a fact that makes no sense"))
        return Incoming(facts=taken, rulings=kept, refused=refused)

    def _gate(self) -> Gate:
        terms = self.terms
        return Gate(terms.fleet, terms.length, self.roster, self.bans, self._ledger.horizon, terms.verify)

    def _remember(self, page: Page, refusal: Refusal) -> None:
        """Deferred is not refused: it may be taken later. Who is no member yet may become one."""
        if refusal.reason in (Reason.IN_THE_FUTURE, Reason.NOT_A_MEMBER):
            return
        if len(self._refused) >= REFUSED:
            self._refused.clear()
        self._refused.add(version_of(page))

    def _introduced(self, ruling: Ruling) -> None:
        if ruling.kind == "member" and isinstance(ruling.value, bytes):
            self.welcome(ruling.value)


def why_not_ruling(ruling: Ruling, roster: Roster) -> Reason | None:
    """Why a ruling from outside is not taken."""
    if ruling.version < 1 or ruling.version >= 2**53 or len(ruling.subject) > 256 or len(ruling.kind) > 32:
        return Reason.BAD_MESSAGE
    if not sound_ruling(ruling) or len(msgspec.msgpack.encode(ruling)) > RULING_BYTES:
        return Reason.BAD_MESSAGE
    if ruling.kind != "member":
        return None
    member = _read_chain(ruling.value)
    return roster.put(member) if member and member.peer == ruling.subject else Reason.FORGED


def _read_chain(value: object) -> Member | None:
    """The chain in a ruling or an introduction; None where it is none."""
    if not isinstance(value, bytes):
        return None
    try:
        return msgspec.msgpack.decode(value, type=Member)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
