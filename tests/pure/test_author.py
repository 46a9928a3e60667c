"""The author writes pages that add up, keeps room for what matters, and forgets what was not committed."""

from hypothesis import given
from hypothesis import strategies as st

from aggregator.author import CAPACITY, OPEN_TO_ALL, OVERFLOW, OVERFLOW_PAGE, Author, Staged
from aggregator.page import PAGES, TALLIES, read_body
from aggregator.tally import NAMES, OTHER
from tests.pure.factories import ALICE, name, seen

LENGTH = 900
NOW = 1_000_000.0


def unknown(_: str) -> bool:
    return False


def counted(staged: Staged) -> dict[str, int]:
    return {t.signature: t.count for page, _ in staged.pages for t in read_body(page.body)}


@given(st.lists(st.lists(st.tuples(st.integers(1, 200), st.integers(1, 9)), max_size=80), max_size=5))
def test_pages_add_up_to_what_was_seen(batches: list[list[tuple[int, int]]]) -> None:
    author = Author(ALICE, LENGTH)
    latest: dict[int, dict[str, int]] = {}
    expected: dict[str, int] = {}
    for batch in batches:
        staged = author.stage([seen(n, c) for n, c in batch], NOW, unknown)
        author.accept(staged)
        for page, tallies in staged.pages:
            assert len(tallies) <= TALLIES
            latest[page.key.number] = {t.signature: t.count for t in tallies}
        for number, count in batch:
            expected[name(number)] = expected.get(name(number), 0) + count
    assert {s: c for page in latest.values() for s, c in page.items()} == expected


def test_a_batch_that_was_not_committed_leaves_no_trace() -> None:
    author = Author(ALICE, LENGTH)
    author.accept(author.stage([seen(1, 5)], NOW, unknown))
    author.stage([seen(1, 100), seen(2)], NOW, unknown)  # and its commit fails
    assert counted(author.stage([seen(1)], NOW, unknown)) == {name(1): 6}


def test_a_signature_keeps_its_page_and_the_sequence_rises() -> None:
    author = Author(ALICE, LENGTH)
    author.accept(author.stage([seen(n) for n in range(100)], NOW, unknown))
    again = author.stage([seen(0), seen(99)], NOW, unknown)
    assert [(page.key.number, page.sequence) for page, _ in again.pages] == [(0, 2), (1, 2)]


def test_a_new_window_starts_new_pages_and_an_old_one_is_never_reopened() -> None:
    author = Author(ALICE, LENGTH)
    author.accept(author.stage([seen(1)], NOW, unknown))
    later = author.stage([seen(1)], NOW + LENGTH, unknown)
    author.accept(later)
    assert later.pages[0][0].sequence == 1
    assert counted(later) == {name(1): 1}
    assert author.stage([seen(1)], NOW, unknown).window == later.window


def test_a_flood_leaves_a_quarter_for_critical_and_known_signatures() -> None:
    author = Author(ALICE, LENGTH)
    author.accept(author.stage([seen(n) for n in range(CAPACITY)], NOW, unknown))
    staged = author.stage([seen(9000), seen(9001, severity=3), seen(9002)], NOW, lambda s: s == name(9002))
    names = counted(staged).keys()
    assert name(9000) not in names
    assert {name(9001), name(9002)} <= names


def test_what_finds_no_room_is_counted_in_its_services_overflow() -> None:
    author = Author(ALICE, LENGTH)
    staged = author.stage([seen(n, 2, service="web") for n in range(CAPACITY)], NOW, unknown)
    overflow = [t for page, _ in staged.pages for t in read_body(page.body) if t.signature.startswith(OVERFLOW)]
    assert sum(counted(staged).values()) == 2 * CAPACITY
    assert [t.services for t in overflow] == [{"web": overflow[0].count}]
    assert overflow[0].title.endswith("in web")


def test_one_named_service_cannot_take_what_others_need() -> None:
    author = Author(ALICE, LENGTH)
    author.accept(author.stage([seen(n, service="noisy") for n in range(CAPACITY)], NOW, unknown))
    quiet = author.stage([seen(9000 + n, service="quiet") for n in range(100)], NOW, unknown)
    assert {name(9000 + n) for n in range(100)} <= counted(quiet).keys()


def test_overflow_of_many_services_fits_its_page() -> None:
    author = Author(ALICE, LENGTH)
    author.accept(author.stage([seen(n) for n in range(OPEN_TO_ALL)], NOW, unknown))
    staged = author.stage([seen(9000 + n, service=f"service {n}") for n in range(500)], NOW, unknown)
    tallies = {page.key.number: read_body(page.body) for page, _ in staged.pages}[OVERFLOW_PAGE]
    assert len(tallies) == TALLIES
    assert sum(t.count for t in tallies) == 500


def test_large_tallies_never_make_more_pages_than_the_format_has() -> None:
    author = Author(ALICE, LENGTH)
    wide = [seen(n, title="x" * 120, service=f"{'y' * 40}{n % 7}", release="z" * 48, severity=3) for n in range(9000)]
    staged = author.stage(wide, NOW, unknown)
    assert max(page.key.number for page, _ in staged.pages) < PAGES
    assert sum(counted(staged).values()) == 9000


def test_names_beyond_the_first_few_are_counted_together() -> None:
    author = Author(ALICE, LENGTH)
    staged = author.stage([seen(1, service=f"s{n}") for n in range(10)], NOW, unknown)
    services = staged.pages[0][1][0].services
    assert len(services) == NAMES + 1
    assert services[OTHER] == 10 - NAMES


def test_staging_reads_only() -> None:
    some = seen(1)
    author = Author(ALICE, LENGTH)
    author.accept(author.stage([some], NOW, unknown))
    first = author.stage([some], NOW, unknown)
    second = author.stage([some], NOW, unknown)
    assert counted(first) == counted(second) == {name(1): 2}
