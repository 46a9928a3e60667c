"""What comes from outside, looked at: what may be committed, and what is refused and why.

Nothing that a peer sends raises, and nothing is taken in here; what was refused for good is remembered, so that sync
does not ask for it again.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from aggregator import ban
from aggregator.accept import Gate, Refusal, accept
from aggregator.book import Book, Fact, FactKey, Ruling, sound_fact
from aggregator.digest import Digest, Version, version_of
from aggregator.entries import why_not_ruling
from aggregator.keeping import Keeping
from aggregator.ledger import Ledger
from aggregator.page import BadPage, Page, Verifier, read_body
from aggregator.reason import Reason
from aggregator.roster import Roster
from aggregator.tally import Tally

REFUSED = 4_096  # versions that were refused and are not asked for again; when full, all are forgotten


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
    complete: bool = False  # of a sync: all that the other side has came, and nothing of it waits for an introduction


class Arrivals:
    """Judges by what is known now. `me`: peer id of this node; `digest`: of the pages that are held."""

    def __init__(
        self, me: str, terms: Terms, roster: Roster, ledger: Ledger, book: Book, digest: Digest, keeping: Keeping
    ) -> None:
        self._me, self._terms, self._roster, self._ledger, self._book = me, terms, roster, ledger, book
        self._digest, self._keeping = digest, keeping
        self._refused: set[Version] = set()
        self._bans: dict[str, float] = {}  # when versions were refused

    @property
    def refused(self) -> frozenset[Version]:
        """Not asked for again, unless bans have changed since: who was banned may not be any more."""
        if self.bans != self._bans:
            self._bans = self.bans
            self._refused.clear()
        return frozenset(self._refused)

    @property
    def bans(self) -> dict[str, float]:
        """Moments by peer id or invitation key, from the book: another object whenever they changed."""
        return self._book.derived(ban.KIND, ban.moments)

    def pages(self, pages: Iterable[Page], now: float, *, asked_for: bool = False) -> Incoming:
        """Those that are newer than what is held. `asked_for`: and not told to all, so they are wanted here."""
        gate = self._gate()
        taken: list[tuple[Page, list[Tally]]] = []
        refused: list[Refusal] = []
        for page in pages:
            known = self._digest.page(page.key)
            if known is not None and known.rank() >= page.rank():
                continue
            if not (asked_for or self._wants(page)):
                continue
            beyond = self._ledger.runs.beyond(page.key.origin, page.key.window)  # its signature costs more to look at
            result = Refusal(Reason.TOO_MANY_RUNS) if beyond else accept(page, gate, now)
            if isinstance(result, Refusal):
                refused.append(result)
                self._remember(page, result)
            else:
                taken.append((page, result))
        return Incoming(pages=taken, refused=refused)

    def _wants(self, page: Page) -> bool:
        """Whether a page that was told to all is kept here. Looked at before its signature is, which costs more."""
        if not self._keeping.spread or page.key.origin.peer == self._me:
            return True
        try:
            return self._keeping.wants(read_body(page.body))
        except BadPage:
            return True  # refused with its reason

    def entries(self, facts: Sequence[tuple[FactKey, Fact]], rulings: Sequence[Ruling], now: float) -> Incoming:
        """What of these the book may take."""
        kept: list[Ruling] = []
        refused: list[Refusal] = []
        for ruling in rulings:
            reason = why_not_ruling(ruling, self._roster, now)
            if reason is None and not self._book.has_room(ruling.kind, ruling.subject):
                reason = Reason.BOOK_FULL
            if reason is None:
                kept.append(ruling)
            else:
                refused.append(Refusal(reason, f"{ruling.kind} {ruling.subject}"[:100]))
        sound = [(key, fact) for key, fact in facts if sound_fact(key, fact)]
        taken = [(key, fact) for key, fact in sound if self._book.has_room_for_fact(key)]
        refused += [Refusal(Reason.BAD_MESSAGE, "a fact that makes no sense")] * (len(facts) - len(sound))
        refused += [Refusal(Reason.BOOK_FULL, "a fact")] * (len(sound) - len(taken))
        return Incoming(facts=taken, rulings=kept, refused=refused)

    def _gate(self) -> Gate:
        terms = self._terms
        return Gate(terms.fleet, terms.length, self._roster, self.bans, self._ledger.horizon, terms.verify)

    def _remember(self, page: Page, refusal: Refusal) -> None:
        """Deferred is not refused: it may be taken later. Who is no member yet may become one."""
        if refusal.reason in (Reason.IN_THE_FUTURE, Reason.NOT_A_MEMBER):
            return
        if len(self._refused) >= REFUSED:
            self._refused.clear()
        self._refused.add(version_of(page))
