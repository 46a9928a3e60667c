"""What is counted of one error by one origin in one window.

A tally is a value: adding makes a new one. It has two ways to grow. `add` is for its own origin, which has seen
further occurrences. `Total` sums tallies of different keys; a key's tallies are never summed with each other (the page
that carries the higher sequence number replaces the other), so nothing is counted twice.

What a tally says besides the count is small and bounded, because every node keeps every tally: names of services and
releases beyond the first few are counted together under `OTHER`.
"""

from collections.abc import Iterable, Mapping

import msgspec

from aggregator import limits

NAMES = 4  # services, and releases, that a tally tells apart
NAME_BYTES = 48  # of each of them
TITLE_BYTES = 120
SAMPLES = 2
OTHER = "…"


class Seen(msgspec.Struct, frozen=True):
    """Occurrences of one error that the node has just received: what a tally grows by."""

    signature: str
    root: str
    title: str  # redacted: it travels and is shown
    kin: str  # what related signatures share
    count: int
    first: float  # Unix seconds, clamped by the node
    last: float
    severity: int  # index into limits.SEVERITIES
    service: str = ""
    release: str = ""
    samples: tuple[str, ...] = ()  # ids of the samples that this origin keeps of it today
    formerly: str = ""  # its root under the version of the signature before, where that is another


class Tally(msgspec.Struct, frozen=True, array_like=True):
    """Counts of one signature. As an array on the wire: a later version may append fields, which older ones ignore."""

    signature: str
    count: int
    first: float
    last: float
    severity: int
    root: str
    title: str
    kin: str
    services: dict[str, int] = {}
    releases: dict[str, int] = {}
    samples: tuple[str, ...] = ()

    def valid(self) -> bool:
        """Whether the values make sense; a page with one that does not is refused whole."""
        return (
            1 <= self.count <= MAX_COUNT
            and 0 <= self.first <= self.last < MAX_TIME
            and 0 <= self.severity < len(limits.SEVERITIES)
            and 0 < len(self.signature) <= 64
            and 0 < len(self.root) <= 64
            and self.signature.isascii()
            and self.root.isascii()
            and len(self.kin) <= 32
            and len(self.title.encode(errors="replace")) <= TITLE_BYTES
            and len(self.samples) <= SAMPLES
            and all(len(s) <= 64 for s in self.samples)
            and _valid_names(self.services)
            and _valid_names(self.releases)
        )


class Renamed(Tally, frozen=True, array_like=True):
    """A tally under a later version of the signature: it also names its root under the version before.

    So what was filed under the old name is found under the new one. Who does not know the field ignores it.
    """

    formerly: str = ""

    def valid(self) -> bool:
        return super().valid() and len(self.formerly) <= 64 and self.formerly.isascii()


def former_root(tally: Tally) -> str:
    """The root that a tally had under the version before; empty: the same, or it was never named otherwise."""
    return tally.formerly if isinstance(tally, Renamed) else ""


MAX_COUNT = 2**53  # what JSON readers keep exactly
MAX_TIME = 2.0**40  # seconds


def start(seen: Seen) -> Tally:
    """The first tally of a signature in its window."""
    made = Tally(
        signature=seen.signature,
        count=seen.count,
        first=seen.first,
        last=seen.last,
        severity=seen.severity,
        root=seen.root,
        title=clip(seen.title, TITLE_BYTES),
        kin=seen.kin,
        services=_bump({}, seen.service, seen.count),
        releases=_bump({}, seen.release, seen.count),
        samples=seen.samples,
    )
    return renamed(made, seen.formerly) if seen.formerly else made


def renamed(tally: Tally, formerly: str) -> Tally:
    """A plain `tally`, naming its former root."""
    return Renamed(**msgspec.structs.asdict(tally), formerly=formerly)


def add(tally: Tally, seen: Seen) -> Tally:
    """`tally` with the occurrences of `seen` on top. For its own origin only."""
    grown = Tally(
        signature=tally.signature,
        count=tally.count + seen.count,
        first=min(tally.first, seen.first),
        last=max(tally.last, seen.last),
        severity=max(tally.severity, seen.severity),
        root=tally.root,
        title=tally.title,
        kin=tally.kin,
        services=_bump(tally.services, seen.service, seen.count),
        releases=_bump(tally.releases, seen.release, seen.count),
        samples=seen.samples or tally.samples,
    )
    formerly = former_root(tally) or seen.formerly
    return renamed(grown, formerly) if formerly else grown


def clip(text: str, size: int) -> str:
    """`text` cut to at most `size` bytes of UTF-8, on a character's boundary. Lone surrogates become `?`."""
    data = text.encode(errors="replace")
    return data.decode() if len(data) <= size else data[:size].decode(errors="ignore")


class Total(msgspec.Struct, frozen=True):
    """The sum of a signature's (or a root's) tallies over all origins and windows that are kept."""

    count: int
    first: float
    last: float
    severity: int
    title: str
    kin: str
    nodes: frozenset[str]  # peer ids
    services: Mapping[str, int]
    releases: Mapping[str, int]
    samples: tuple[str, ...]


def total(parts: Iterable[tuple[str, Tally]]) -> Total | None:
    """The sum of (peer id, tally) pairs, the same whatever their order; None of nothing."""
    pairs = sorted(parts, key=lambda pair: (pair[1].first, pair[0], pair[1].signature))
    if not pairs:
        return None
    tallies = [tally for _, tally in pairs]
    return Total(
        count=sum(t.count for t in tallies),
        first=min(t.first for t in tallies),
        last=max(t.last for t in tallies),
        severity=max(t.severity for t in tallies),
        title=tallies[0].title,
        kin=tallies[0].kin,
        nodes=frozenset(peer for peer, _ in pairs),
        services=_sum(t.services for t in tallies),
        releases=_sum(t.releases for t in tallies),
        samples=tuple(dict.fromkeys(s for t in tallies for s in t.samples)),
    )


def combine(totals: list[Total]) -> Total:
    """The sum of totals over disjoint sets of tallies; at least one."""
    ordered = sorted(totals, key=lambda t: (t.first, t.title))
    return Total(
        count=sum(t.count for t in ordered),
        first=min(t.first for t in ordered),
        last=max(t.last for t in ordered),
        severity=max(t.severity for t in ordered),
        title=ordered[0].title,
        kin=ordered[0].kin,
        nodes=frozenset[str]().union(*(t.nodes for t in ordered)),
        services=_sum(t.services for t in ordered),
        releases=_sum(t.releases for t in ordered),
        samples=tuple(dict.fromkeys(s for t in ordered for s in t.samples)),
    )


def _bump(counts: dict[str, int], name: str, by: int) -> dict[str, int]:
    if not name:
        return counts
    name = clip(name, NAME_BYTES)
    if name not in counts and sum(key != OTHER for key in counts) >= NAMES:
        name = OTHER
    return {**counts, name: counts.get(name, 0) + by}


def _sum(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    out: dict[str, int] = {}
    for each in counts:
        for name, count in each.items():
            out[name] = out.get(name, 0) + count
    return out


def _valid_names(counts: dict[str, int]) -> bool:
    return len(counts) <= NAMES + 1 and all(
        len(name.encode(errors="replace")) <= NAME_BYTES and 1 <= count <= MAX_COUNT for name, count in counts.items()
    )
