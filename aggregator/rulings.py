"""What operators (and, for `never`, the filer) can rule, and how the book answers questions about it.

| kind | subject | value |
|---|---|---|
| `mute` | root | `{"until": "forever"}`, `{"until": "rate", "count": n}` (until more than n occur in one window), or
`{"until": "release", "release": r}` (until it is seen in release r) |
| `drop` | root | Unix seconds, whole: what was counted until then is let go (`forget`) |
| `never` | root | name of the reason; withdrawn by `refile` |
| `generation` | root | number: raised to file a root anew |
| `edge` | "root root", ascending | true: the two are one bug |
| `route` | root | repository: written once, when the root first becomes due |

A value is plain data in which every number is an integer: so it has one encoding in every language, which ranks and
digests need. (Some know only one kind of number, and would write 2.0 as 2.)
"""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from aggregator.book import Book, Ruling

GENERATIONS = 2**31
KINDS = frozenset({"mute", "drop", "never", "generation", "edge", "route"})


def sound_ruling(ruling: Ruling) -> bool:
    """Whether a ruling from outside makes sense. A kind that is not named above is only asked to be plain data."""
    if not _plain(ruling.value):
        return False
    if ruling.kind not in KINDS:
        return True
    roots = ruling.subject.split(" ")
    named = len(roots) == 2 and roots[0] < roots[1] if ruling.kind == "edge" else len(roots) == 1
    return named and all(roots) and (ruling.value is None or _sound_value(ruling.kind, ruling.value))


def _plain(value: Any) -> bool:
    """Whether the value has one encoding."""
    try:
        return _has_one_encoding(value)
    except RecursionError:
        return False


def _has_one_encoding(value: Any) -> bool:
    match value:
        case None | bool() | str() | bytes():
            return True
        case int():
            return abs(value) < 2**53
        case list():
            return all(map(_has_one_encoding, cast("list[Any]", value)))
        case dict():
            items = cast("dict[Any, Any]", value).items()
            return all(isinstance(name, str) and _has_one_encoding(each) for name, each in items)
        case _:
            return False


def _sound_value(kind: str, value: Any) -> bool:
    match kind, value:
        case "mute", {"until": "forever"} | {"until": "rate", "count": int()} | {"until": "release", "release": str()}:
            return True
        case (("never" | "route"), str()):
            return True
        case "drop", int():
            return 0 <= value < 2**40
        case "generation", int():
            return 0 <= value < GENERATIONS
        case "edge", bool():
            return True
        case _:
            return False


def edge(a: str, b: str) -> str:
    """The subject of the ruling that joins two roots: undirected."""
    return " ".join(sorted((a, b)))


def joined(book: Book, root: str) -> frozenset[str]:
    """All roots that are one bug with `root`, itself included."""
    return book.derived("edge", lambda edges: _groups(edges, book.former)).get(root) or frozenset((root,))


def _groups(edges: Iterator[Ruling], former: Mapping[str, str]) -> dict[str, frozenset[str]]:
    """The connected set of every root that has an edge, or another name under an earlier version of the signature.

    What an operator has split stays apart.
    """
    ruled = {ruling.subject: bool(ruling.value) for ruling in edges}
    pairs = {edge(new, old): True for new, old in former.items()} | ruled
    groups: dict[str, frozenset[str]] = {}
    for subject, joins in pairs.items():
        if joins:
            a, b = subject.split(" ")
            whole = groups.get(a, frozenset((a,))) | groups.get(b, frozenset((b,)))
            groups.update(dict.fromkeys(whole, whole))
    return groups


def canonical(book: Book, root: str) -> str:
    """The name of the connected set: the smallest, so that every node agrees."""
    return min(joined(book, root))


def generation(book: Book, root: str) -> int:
    value = book.value("generation", root)
    return value if isinstance(value, int) else 0


def next_generation(book: Book, root: str) -> int:
    """The generation in which it is filed anew: the next, or, if somebody used up the highest, the first unused one."""
    following = generation(book, root) + 1
    if following < GENERATIONS:
        return following
    used = {key.generation for key, _ in book.facts() if key.root == root}
    return next(number for number in range(GENERATIONS) if number not in used)


def muted(book: Book, root: str, in_window: int, releases: frozenset[str]) -> bool:
    """Whether a mute holds, given the occurrences in the busiest window and the releases that it was seen in."""
    match book.value("mute", root):
        case {"until": "forever"}:
            return True
        case {"until": "rate", "count": int(count)}:
            return in_window <= count
        case {"until": "release", "release": str(release)}:
            return release not in releases
        case _:
            return False
