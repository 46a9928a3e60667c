"""Facts that are not counts: what is pending and filed, and what operators ruled.

Two kinds of entry, both merged without coordination, so that every node ends with the same book whatever the order:

- A `Fact` about filing only ever rises: pending < claimed < filed; of two filed numbers the lower wins.
- A `Ruling` is a register: the higher Lamport version wins, ties by origin. Rulings are never purged, but bounded.

The book is a cache of what GitHub knows. It may spare a call; it never authorises a creation.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import IntEnum
from typing import Any, NamedTuple, TypeVar

import msgspec

from aggregator.bookdigest import Sums

T = TypeVar("T")

# Rulings kept at most, each kind in a room of its own: no kind crowds out another, least of all bans and members. A
# further key is refused, with a reason; what is known under a key can always be overruled.
ROOM = {
    "member": 20_000,
    "ban": 10_000,
    "route": 20_000,
    "mute": 10_000,
    "drop": 10_000,
    "never": 10_000,
    "generation": 10_000,
    "edge": 10_000,
    "spread": 16,
}
OTHER_KINDS = 1_000  # of all kinds together that this version does not know
OWN = 8  # one part in so many of a room lies beyond it, for what this node itself rules: others cannot fill it
FACTS = 50_000  # taken from others at most; what this node itself finds due has room beyond


class Standing(IntEnum):
    PENDING = 1
    CLAIMED = 2
    FILED = 3


class FactKey(NamedTuple):
    repository: str
    root: str
    generation: int = 0  # raised when an operator refiles, or a regression gets a new issue


class Fact(msgspec.Struct, frozen=True, array_like=True):
    standing: Standing
    since: float  # Unix seconds: when it became due; the oldest is filed first
    number: int = 0  # of the issue, once filed


def join(a: Fact, b: Fact) -> Fact:
    """The least fact above both: commutative, associative, idempotent."""
    since = min(a.since, b.since)
    numbers = [f.number for f in (a, b) if f.standing is Standing.FILED]
    return Fact(max(a.standing, b.standing), since, min(numbers, default=0))


def sound_fact(key: FactKey, fact: Fact) -> bool:
    """Whether a fact from outside makes sense: what was joined once cannot be taken back."""
    return (
        bool(key.repository and key.root)
        and len(key.repository) + len(key.root) <= 256
        and 0 <= key.generation < 2**31
        and 0 <= fact.since < 2**40  # NaN is neither
        and (0 < fact.number < 2**53 if fact.standing is Standing.FILED else fact.number == 0)
    )


class Ruling(msgspec.Struct, frozen=True, array_like=True):
    """One register. Kinds: see `rulings.py`."""

    kind: str
    subject: str
    value: Any  # plain data, all numbers integers; None: withdrawn
    version: int
    origin: str  # peer id of the node where it was made

    def rank(self) -> tuple[int, str, bytes]:
        return self.version, self.origin, msgspec.msgpack.encode(self.value, order="deterministic")


def _room(kind: str) -> str:
    """Kinds that this version does not know share one."""
    return kind if kind in ROOM else ""


class Book:
    """All facts and rulings this node knows. Whoever changes it commits the change to the store."""

    def __init__(self) -> None:
        self._facts: dict[FactKey, Fact] = {}
        self._rulings: dict[str, dict[str, Ruling]] = {}  # by kind, by subject
        self.sums = Sums()
        self._sizes: Counter[str] = Counter()  # by room
        self._ruled: set[str] = set()
        self._derived: dict[str, Any] = {}
        self.former: dict[str, str] = {}  # roots under the version of the signature before; only in memory

    def put_fact(self, key: FactKey, fact: Fact) -> bool:
        """Merge a fact. Returns whether anything changed."""
        old = self._facts.get(key)
        new = join(old or fact, fact)
        if new == old:
            return False
        self._facts[key] = new
        self.sums.replace(("fact", key), old, new)
        return True

    def put_ruling(self, ruling: Ruling, *, own: bool = False) -> bool:
        """Merge a ruling. Returns whether anything changed; a new key that has no room changes nothing.

        `own`: this node made it, or has kept it.
        """
        if not self.takes(ruling, own=own):
            return False
        of_kind = self._rulings.setdefault(ruling.kind, {})
        self._sizes[_room(ruling.kind)] += ruling.subject not in of_kind
        self.sums.replace(("ruling", ruling.kind, ruling.subject), of_kind.get(ruling.subject), ruling)
        of_kind[ruling.subject] = ruling
        self._derived.pop(ruling.kind, None)
        self._ruled.update(ruling.subject.split(" "))  # an edge names two roots
        return True

    def takes(self, ruling: Ruling, *, own: bool = False, before: int = 0) -> bool:
        """Whether `put_ruling` would change anything, when so many further keys of its kind were put in `before`."""
        old = self._rulings.get(ruling.kind, {}).get(ruling.subject)
        if old is None:
            return self.has_room(ruling.kind, ruling.subject, own=own, before=before)
        return ruling.rank() > old.rank()

    def taken(self, rulings: Iterable[Ruling], *, own: bool = False) -> list[Ruling]:
        """Those of these that change something, as many as find room together."""
        further: Counter[str] = Counter()
        out: list[Ruling] = []
        for ruling in rulings:
            room = _room(ruling.kind)
            if self.takes(ruling, own=own, before=further[room]):
                further[room] += not self.ruled(ruling.kind, ruling.subject)
                out.append(ruling)
        return out

    def has_room(self, kind: str, subject: str, *, own: bool = False, before: int = 0) -> bool:
        """Whether there may be a ruling of this kind about this subject. `own`: made by this node."""
        room = ROOM.get(kind, OTHER_KINDS)
        known = subject in self._rulings.get(kind, {})
        return known or self._sizes[_room(kind)] + before < (room + room // OWN if own else room)

    def full(self) -> list[str]:
        """The kinds of which no ruling of others finds room any more; what this version does not know is `other`."""
        return sorted(kind or "other" for kind, size in self._sizes.items() if size >= ROOM.get(kind, OTHER_KINDS))

    def has_room_for_fact(self, key: FactKey) -> bool:
        """Whether a fact that others tell may be taken in."""
        return key in self._facts or len(self._facts) < FACTS

    def rule(self, kind: str, subject: str, value: Any, origin: str) -> Ruling:
        """The ruling that overrules what is known under its key. Not yet in the book: commit it, then `put_ruling`."""
        known = self._rulings.get(kind, {}).get(subject)
        return Ruling(kind, subject, value, known.version + 1 if known else 1, origin)

    def look_at(self, root: str) -> None:
        """Somebody says that this root is filed: whoever files is to see for itself."""
        self._ruled.add(root)

    def renamed(self, former: Mapping[str, str]) -> None:
        """These roots (keys) had other names (values) under an earlier version of the signature: each pair is one bug.

        Known from the tallies of the lookback, so it is neither told nor kept. What becomes due makes it a ruling.
        """
        if former != self.former:
            self._ruled.update(former.keys() - self.former.keys())
            self.former = dict(former)
            self._derived.pop("edge", None)

    def take_changed(self) -> set[str]:
        """The roots that were ruled on, or that others filed, since this was last called."""
        ruled, self._ruled = self._ruled, set()
        return ruled

    def value(self, kind: str, subject: str) -> Any:
        """What is ruled; None where nothing is."""
        ruling = self._rulings.get(kind, {}).get(subject)
        return ruling.value if ruling else None

    def ruled(self, kind: str, subject: str) -> bool:
        """Whether anything was ever ruled, be it withdrawn since."""
        return subject in self._rulings.get(kind, {})

    def fact(self, key: FactKey) -> Fact | None:
        return self._facts.get(key)

    def facts(self) -> Iterator[tuple[FactKey, Fact]]:
        return iter(self._facts.items())

    def waiting(self) -> set[str]:
        """The roots that are due in some generation and not filed in it."""
        return {key.root for key, fact in self._facts.items() if fact.standing is not Standing.FILED}

    def derived(self, kind: str, make: Callable[[Iterator[Ruling]], T]) -> T:
        """What `make` makes of all rulings of one kind, kept until one of them changes. One `make` for each kind."""
        if kind not in self._derived:
            self._derived[kind] = make(self.rulings(kind))
        return self._derived[kind]

    def rulings(self, kind: str | None = None) -> Iterator[Ruling]:
        """All rulings, or those of one kind."""
        kinds = self._rulings if kind is None else {kind}
        return (ruling for each in kinds for ruling in self._rulings.get(each, {}).values())
