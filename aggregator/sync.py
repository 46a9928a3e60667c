"""Truth: two neighbours compare digests and fetch what is missing, until neither lacks anything of the other.

One side asks, the other answers; each side pulls for itself. The asking side is a generator that yields questions and
gets answers, so it runs over a stream, in the simulator and in a test alike. Answering is a function of a question and
of what one has.

    Compare  ── the two sums, and the book's ──▶  nothing, or the sum of each window
    Origins  ── windows that differ ──────────▶  the sum of each origin in them
    Versions ── origins that differ ──────────▶  their page versions
    Fetch    ── pages that we lack ───────────▶  these pages, as far as one answer holds
    FetchBook ─ the sums of our book ─────────▶  the entries of every bucket that differs

Here is what is asked; `questions.py` has the words, `answering.py` what is answered. Answers are bounded, and so is a
pull: what is left over is found by the next comparison.
"""

from collections.abc import Generator
from typing import NamedTuple, TypeVar

from aggregator.digest import Digest, Version
from aggregator.page import Page, PageKey
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

A = TypeVar("A", bound=Answer)


class Pulled(NamedTuple):
    """What one pull brought; whoever pulled checks and merges it."""

    pages: list[Page]
    entries: BookEntries
    complete: bool  # all that the other side named was fetched
    same: bool = False  # the other side has every page that this one has


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
    if not differing:
        return Pulled([], entries, complete=True, same=compared.same)
    missing = yield from _missing(has, sorted(differing, reverse=True)[:LISTED])
    wanted = [version.key for version in missing if version not in refused]
    pages = yield from _fetch(wanted[:PULLED])
    cut = len(differing) > LISTED or len(missing) >= LISTED
    return Pulled(pages, entries, complete=len(pages) >= len(wanted) and not cut)


def _missing(has: Has, windows: list[int]) -> Generator[Question, Answer, list[Version]]:
    """The versions that the other side has and that would replace ours. Of runs that have no place here: none."""
    digest, runs = has.digest, has.ledger.runs
    sums = _expect(OriginSums, (yield Origins(windows))).sums
    asked = set(windows)
    differing = [(w, o) for w, o, s in sums if w in asked and s != as_bytes(digest.origins(w).get(o, 0))]
    of = [(w, o) for w, o in differing if not runs.beyond(o, w)]
    if not of:
        return []
    listed = _expect(VersionList, (yield Versions(of))).versions
    return [
        version for version in listed if (version.key.window, version.key.origin) in set(of) and _lacks(digest, version)
    ]


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
