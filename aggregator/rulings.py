"""What operators (and, for `never`, the filer) can rule, and how the book answers questions about it.

| kind | subject | value |
|---|---|---|
| `mute` | root | `{"until": "forever"}`, `{"until": "rate", "count": n}` (until more than n occur in one window), or
`{"until": "release", "release": r}` (until it is seen in release r) |
| `drop` | root | Unix seconds: what was counted until then is let go (`forget`) |
| `never` | root | name of the reason; withdrawn by `refile` |
| `generation` | root | number: raised to file a root anew |
| `edge` | "root root", ascending | true: the two are one bug |
| `route` | root | repository: written once, when the root first becomes due |
"""

from aggregator.book import Book


def edge(a: str, b: str) -> str:
    """The subject of the ruling that joins two roots: undirected."""
    return " ".join(sorted((a, b)))


def joined(book: Book, root: str) -> frozenset[str]:
    """All roots that are one bug with `root`, itself included."""
    neighbours: dict[str, set[str]] = {}
    for ruling in book.rulings("edge"):
        if ruling.value:
            a, b = ruling.subject.split(" ")
            neighbours.setdefault(a, set()).add(b)
            neighbours.setdefault(b, set()).add(a)
    reached, todo = {root}, [root]
    while todo:
        for other in neighbours.get(todo.pop(), set()) - reached:
            reached.add(other)
            todo.append(other)
    return frozenset(reached)


def canonical(book: Book, root: str) -> str:
    """The name of the connected set: the smallest, so that every node agrees."""
    return min(joined(book, root))


def generation(book: Book, root: str) -> int:
    value = book.value("generation", root)
    return value if isinstance(value, int) else 0


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
