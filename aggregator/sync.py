"""Truth: two neighbours compare digests and fetch what is missing, until neither lacks anything of the other.

One side asks, the other answers; each side pulls for itself. The asking side is a generator that yields questions and
gets answers, so it runs over a stream, in the simulator and in a test alike. Answering is a function of a question and
of what one has.

    Compare  ── the two sums, and the book's ──▶  nothing, or the sum of each window
    Origins  ── windows that differ ──────────▶  the sum of each origin in them
    Versions ── origins that differ ──────────▶  their page versions
    Fetch    ── pages that we lack ───────────▶  these pages, as far as one answer holds
    FetchBook ─ the sums of our book ─────────▶  the entries of every bucket that differs

Answers are bounded, and so is a pull: what is left over is found by the next comparison.
"""

from collections.abc import Generator, Iterable
from itertools import chain, islice
from typing import NamedTuple, TypeVar

import msgspec

from aggregator.book import Book, Fact, FactKey, Ruling
from aggregator.bookdigest import BUCKETS, bucket_of
from aggregator.digest import Digest, Version
from aggregator.ledger import Ledger
from aggregator.page import Origin, Page, PageKey
from aggregator.window import FUTURE

ANSWER_BYTES = 200 * 1024  # of pages or entries in one answer
LISTED = 4_096  # items of any list in a question or an answer
FETCHED = 64  # pages asked for at once: what one answer holds
PULLED = 1_024  # pages fetched at most in one pull


class Compare(msgspec.Struct, frozen=True, tag="compare"):
    """Sums over the windows from `horizon` to `open_from`, and from there on."""

    horizon: int
    open_from: int
    closed: bytes
    open: bytes
    book: bytes


class Origins(msgspec.Struct, frozen=True, tag="origins"):
    windows: list[int]


class Versions(msgspec.Struct, frozen=True, tag="versions"):
    of: list[tuple[int, Origin]]


class Fetch(msgspec.Struct, frozen=True, tag="fetch"):
    keys: list[PageKey]


class FetchBook(msgspec.Struct, frozen=True, tag="fetch-book"):
    sums: list[bytes]
    start: int = 0  # where to begin, another number each time: what one answer had no room for, a later one brings


Question = Compare | Origins | Versions | Fetch | FetchBook


class Compared(msgspec.Struct, frozen=True, tag="compared"):
    horizon: int
    windows: list[tuple[int, bytes]] = []  # empty when no page differs; pairs: not every language has maps by number
    book: bool = False  # whether the books differ
    same: bool = False  # whether the other side has all pages that were compared, and no others


class OriginSums(msgspec.Struct, frozen=True, tag="origin-sums"):
    sums: list[tuple[int, Origin, bytes]]


class VersionList(msgspec.Struct, frozen=True, tag="version-list"):
    versions: list[Version]


class Pages(msgspec.Struct, frozen=True, tag="pages"):
    pages: list[Page]


class BookEntries(msgspec.Struct, frozen=True, tag="book-entries"):
    facts: list[tuple[FactKey, Fact]] = []
    rulings: list[Ruling] = []


A = TypeVar("A", bound="Answer")
T = TypeVar("T")
Answer = Compared | OriginSums | VersionList | Pages | BookEntries


class BadAnswer(ValueError):
    """The other side answered something else than was asked."""


class Has(NamedTuple):
    """What one node compares, asks and answers from."""

    ledger: Ledger
    digest: Digest
    book: Book


# Answering.


def answer(question: Question, has: Has) -> Answer:
    """What this node says to a question."""
    match question:
        case Compare():
            return _compare(question, has)
        case Origins(windows=windows):
            sums = ((w, o, _bytes(s)) for w in _once(windows) for o, s in _origins(has, w))
            return OriginSums(list(islice(sums, LISTED)))
        case Versions(of=of):
            versions = (v for window, origin in _once(of) for v in has.digest.versions(window, origin))
            return VersionList(list(islice(versions, LISTED)))
        case Fetch(keys=keys):
            return Pages(list(_within(p for key in _once(keys[:FETCHED]) if (p := has.digest.page(key)))))
        case FetchBook():
            return _book_entries(question, has.book)


def _once(names: list[T]) -> Iterable[T]:
    """Each name once, however often it is asked for: answering costs no more than there is to say."""
    return dict.fromkeys(names[:LISTED])


def agrees(question: Compare, has: Has) -> bool:
    """Whether this node has nothing that the asking side lacks, and lacks nothing that it has."""
    return _same_pages(question, has) and question.book == has.book.sums.root()


def _same_pages(question: Compare, has: Has) -> bool:
    return (
        question.horizon >= has.ledger.horizon
        and question.closed == _bytes(has.digest.total(question.horizon, question.open_from))
        and question.open == _bytes(has.digest.total(question.open_from, FAR))
    )


def _compare(question: Compare, has: Has) -> Compared:
    horizon = max(question.horizon, has.ledger.horizon)
    same = _same_pages(question, has)
    windows = [] if same else sorted(((w, _bytes(s)) for w, s in has.digest.windows(horizon).items()), reverse=True)
    return Compared(horizon, windows[:LISTED], question.book != has.book.sums.root(), same)


def _origins(has: Has, window: int) -> Iterable[tuple[Origin, int]]:
    return has.digest.origins(window).items() if window >= has.ledger.horizon else ()


def _within(pages: Iterable[Page]) -> Iterable[Page]:
    size = 0
    for page in pages:
        size += len(page.body) + 200
        if size > ANSWER_BYTES:
            return
        yield page


def _book_entries(question: FetchBook, book: Book) -> BookEntries:
    """Bucket by bucket, so that a bucket which fitted whole differs no more; inside one likewise from `start` on."""
    entries = _differing(question.sums, book)
    first = question.start % BUCKETS
    facts: list[tuple[FactKey, Fact]] = []
    rulings: list[Ruling] = []
    size = 0
    for bucket in sorted(entries, key=lambda n: (n - first) % BUCKETS):
        some = entries[bucket]
        turn = question.start // BUCKETS % len(some)
        for entry in some[turn:] + some[:turn]:
            size += len(msgspec.msgpack.encode(entry))
            if size > ANSWER_BYTES:
                return BookEntries(facts, rulings)
            if isinstance(entry, Ruling):
                rulings.append(entry)
            else:
                facts.append(entry)
    return BookEntries(facts, rulings)


def _differing(sums: list[bytes], book: Book) -> dict[int, list[tuple[FactKey, Fact] | Ruling]]:
    """The entries of every bucket that differs from `sums`."""
    ours = book.sums.all()
    out: dict[int, list[tuple[FactKey, Fact] | Ruling]] = {}
    named = chain(
        ((("fact", key), (key, fact)) for key, fact in book.facts()),
        ((("ruling", r.kind, r.subject), r) for r in book.rulings()),
    )
    for name, entry in named:
        bucket = bucket_of(name)
        if bucket >= len(sums) or sums[bucket] != ours[bucket]:
            out.setdefault(bucket, []).append(entry)
    return out


# Asking.


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
                _bytes(digest.total(horizon, open_from)),
                _bytes(digest.total(open_from, FAR)),
                has.book.sums.root(),
            )
        ),
    )
    entries = BookEntries()
    if compared.book:
        entries = _expect(BookEntries, (yield FetchBook(has.book.sums.all(), int(now * 1000))))
    lowest, highest = max(horizon, compared.horizon), int(now + FUTURE)
    ours = digest.windows(lowest)
    differing = [w for w, s in dict(compared.windows).items() if lowest <= w <= highest and s != _bytes(ours.get(w, 0))]
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
    differing = [(w, o) for w, o, s in sums if w in asked and s != _bytes(digest.origins(w).get(o, 0))]
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


FAR = 2**62


def _bytes(total: int) -> bytes:
    return total.to_bytes(32)


def _expect(kind: type[A], given: Answer) -> A:
    if not isinstance(given, kind):
        raise BadAnswer(f"expected {kind.__name__}, got {type(given).__name__}")
    return given
