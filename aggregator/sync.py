"""Truth: two neighbours compare digests and fetch what is missing, until neither lacks anything of the other.

One side asks, the other answers; each side pulls for itself. The asking side is a generator that yields questions and
gets answers, so it runs over a stream, in the simulator and in a test alike. Answering is a function of a question and
of what one has.

    Compare  ── the two sums, and the book's ──▶  nothing, or the sum of each window
    Origins  ── windows that differ ──────────▶  the sum of each origin in them
    Versions ── origins that differ ──────────▶  their page versions
    Fetch    ── pages that we lack ───────────▶  these pages, as far as one answer holds
    FetchBook ─ the sums of our book ─────────▶  the entries of every bucket that differs

Here is what is asked; `questions.py` has the words, `answering.py` what is answered. Answers are bounded: who gets a
full list asks for what follows, for what differs may stand behind any number of equals. A pull is bounded, too: what
is left over is found by the next comparison, and the pull says that it was not `complete`.
"""

from collections.abc import Generator
from typing import NamedTuple, TypeVar

from aggregator.digest import Digest, Version
from aggregator.page import Origin, Page, PageKey
from aggregator.questions import (
    FAR,
    FETCHED,
    LISTED,
    Answer,
    BadAnswer,
    BookEntries,
    Compare,
    Compared,
    Fetch,
    FetchBook,
    Has,
    Origins,
    OriginSums,
    Pages,
    Question,
    VersionList,
    Versions,
    as_bytes,
)
from aggregator.window import FUTURE

PULLED = 1_024  # pages fetched at most in one pull
LISTINGS = 64  # full answers of one kind that are gone through one after the other: of 262,144 origins in one pull

A = TypeVar("A", bound=Answer)


class Pulled(NamedTuple):
    """What one pull brought; whoever pulled checks and merges it."""

    pages: list[Page]
    entries: BookEntries
    complete: bool  # all that the other side has was named and fetched, pages and book
    same: bool = False  # the other side has every page that this one has
    settled: bool = False  # the other side is a keeper that has all


Pull = Generator[Question, Answer, Pulled]


def pull(has: Has, open_from: int, now: float, refused: frozenset[Version] = frozenset()) -> Pull:
    """Ask a neighbour for everything that we lack. `refused`: versions that we have seen and will not take.

    Raises `BadAnswer` when the other side does not keep to the protocol.
    """
    digest, horizon = has.digest, has.ledger.horizon
    compared = _expect(
        Compared,
        (
            yield Compare(
                horizon,
                open_from,
                as_bytes(digest.total(horizon, open_from)),
                as_bytes(digest.total(open_from, FAR)),
                has.book.sums.root(),
            )
        ),
    )
    entries = BookEntries()
    if compared.book:
        entries = _expect(BookEntries, (yield FetchBook(has.book.sums.all(), int(now * 1000))))
    lowest, highest = max(horizon, compared.horizon), int(now + FUTURE)
    ours = digest.windows(lowest)
    differing = [
        w for w, s in dict(compared.windows).items() if lowest <= w <= highest and s != as_bytes(ours.get(w, 0))
    ]
    whole = len(compared.windows) < LISTED and not entries.more
    settled = compared.settled is True
    if not differing:
        return Pulled([], entries, whole, compared.same, settled)
    some = sorted(differing, reverse=True)[:LISTED]
    missing, named = yield from _missing(has, some, refused)
    pages = yield from _fetch([version.key for version in missing[:PULLED]])
    return Pulled(pages, entries, complete=whole and named and len(pages) >= len(missing), settled=settled)


Missing = Generator[Question, Answer, tuple[list[Version], bool]]


def _missing(has: Has, windows: list[int], refused: frozenset[Version]) -> Missing:
    """The versions that the other side has and that would replace ours, as many as one pull takes; and whether these
    are all. Of runs that have no place here: none."""
    missing: list[Version] = []
    after: Origin | None = None
    for _ in range(LISTINGS):
        sums = _expect(OriginSums, (yield Origins(windows, after))).sums
        found, whole = yield from _versions(has, _differing(has, windows, sums), refused)
        missing += found
        if not whole or len(missing) > PULLED:
            return missing, False
        if len(sums) < LISTED:
            return missing, True
        window, last, _sum = sums[-1]
        if window not in windows or (window == windows[0] and after is not None and last <= after):
            return missing, False  # who answers knows no `after`
        windows, after = windows[windows.index(window) :], last
    return missing, False


def _differing(has: Has, windows: list[int], sums: list[tuple[int, Origin, bytes]]) -> list[tuple[int, Origin]]:
    """Of the origins that were named, those of which the other side may have something for us."""
    digest, runs, asked = has.digest, has.ledger.runs, set(windows)
    of = [(w, o) for w, o, s in sums if w in asked and s != as_bytes(digest.origins(w).get(o, 0))]
    return [(w, o) for w, o in of if not runs.beyond(o, w)]


def _versions(has: Has, of: list[tuple[int, Origin]], refused: frozenset[Version]) -> Missing:
    """The versions of these that would replace ours, and whether these are all."""
    found: dict[Version, None] = {}
    for _ in range(LISTINGS):
        if not of or len(found) > PULLED:
            break
        asked = of[:LISTED]
        listed = _expect(VersionList, (yield Versions(asked))).versions
        place = {each: number for number, each in enumerate(asked)}
        named = [v for v in listed if (v.key.window, v.key.origin) in place]
        found |= dict.fromkeys(v for v in named if v not in refused and _lacks(has.digest, v))
        full = len(listed) >= LISTED  # then of the last origin there may be more
        last = max((place[v.key.window, v.key.origin] for v in named), default=0)
        if full and last == 0:
            break
        of = of[last:] if full else of[len(asked) :]
    return list(found), not of


def _lacks(digest: Digest, theirs: Version) -> bool:
    ours = digest.page(theirs.key)
    return ours is None or (theirs.sequence, theirs.hash) > ours.rank()


def _fetch(wanted: list[PageKey]) -> Generator[Question, Answer, list[Page]]:
    """The pages, answer by answer, until all are here or the other side has no more to give."""
    pages: list[Page] = []
    while wanted:
        asked, wanted = wanted[:FETCHED], wanted[FETCHED:]
        got = _expect(Pages, (yield Fetch(asked))).pages
        got = [page for page in got if page.key in set(asked)]
        pages += got
        have = {page.key for page in got}
        left = [key for key in asked if key not in have]
        if got and left:  # the answer was full: ask for the rest of it
            wanted = left + wanted
    return pages


def _expect(kind: type[A], given: Answer) -> A:
    if not isinstance(given, kind):
        raise BadAnswer(f"expected {kind.__name__}, got {type(given).__name__}")
    return given
