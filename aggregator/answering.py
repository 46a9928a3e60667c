"""What a node answers when a neighbour compares: a function of the question and of what it has. Answers are bounded."""

from collections.abc import Iterable
from itertools import chain, islice
from typing import TypeVar

import msgspec
from msgspec import UNSET

from aggregator.book import Book, Fact, FactKey, Ruling
from aggregator.bookdigest import BUCKETS, bucket_of
from aggregator.page import Origin, Page
from aggregator.questions import (
    ANSWER_BYTES,
    FAR,
    FETCHED,
    LISTED,
    Answer,
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

T = TypeVar("T")


def answer(question: Question, has: Has) -> Answer:
    """What this node says to a question."""
    match question:
        case Compare():
            return _compare(question, has)
        case Origins(windows=windows, after=after):
            behind = windows[0] if windows and after is not None else None
            sums = (each for w in _once(windows) for each in _origins(has, w, after if w == behind else None))
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
        and question.closed == as_bytes(has.digest.total(question.horizon, question.open_from))
        and question.open == as_bytes(has.digest.total(question.open_from, FAR))
    )


def _compare(question: Compare, has: Has) -> Compared:
    horizon = max(question.horizon, has.ledger.horizon)
    same = _same_pages(question, has)
    windows = [] if same else sorted(((w, as_bytes(s)) for w, s in has.digest.windows(horizon).items()), reverse=True)
    return Compared(horizon, windows[:LISTED], question.book != has.book.sums.root(), same, has.settled or UNSET)


def _origins(has: Has, window: int, after: Origin | None) -> Iterable[tuple[int, Origin, bytes]]:
    if window < has.ledger.horizon:
        return
    sums = has.digest.origins(window)
    for origin in sorted(each for each in sums if after is None or each > after):
        yield window, origin, as_bytes(sums[origin])


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
                return BookEntries(facts, rulings, more=True)
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
