"""Weeks on a real store, on a virtual clock: what is kept stays bounded, and what was counted stays exact.

Windows of an hour, so that a month is 720 of them. Every window brings errors that recur and errors never seen before,
of this node and of another one.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from aggregator.answering import answer
from aggregator.book import Book
from aggregator.digest import Digest
from aggregator.page import Page, PageKey, read_body, write_body
from aggregator.questions import Has
from aggregator.sync import Pulled, pull
from node.config.local import Retention
from node.store import Store, open_store
from node.tally import Counting, open_counting
from tests.pure.factories import BOB, name, seen, tally
from tests.stage.kit import FakeClock

HOUR, DAY = 3600, 86_400
KEEP = Retention()
RECURRING, NEW = 5, 30  # signatures of one window


@asynccontextmanager
async def counting_in(directory: Path, clock: FakeClock, peer: str = "alice") -> AsyncGenerator[tuple[Counting, Store]]:
    async with open_store(directory) as store:
        yield await open_counting(store, peer, HOUR, float(DAY), clock), store


async def live(counting: Counting, clock: FakeClock, hours: int, start: int = 0) -> None:
    """So many windows of an ordinary life."""
    for hour in range(start, start + hours):
        now = clock.now()
        fresh = [RECURRING + hour * NEW + n for n in range(NEW)]
        marks = {hour.to_bytes(16): 2}
        await counting.count([seen(n, first=now, last=now) for n in (*range(RECURRING), *fresh)], marks, [])
        theirs = [tally(n, first=now, last=now) for n in range(RECURRING)]
        key = PageKey(BOB, int(now // HOUR) * HOUR, 0)
        await counting.merge([(Page(key, hour + 1, write_body(theirs), b"signed"), theirs)])
        clock.time += HOUR
        await counting.expire(clock.now(), KEEP)


def counted(counting: Counting, number: int) -> int:
    """Occurrences in the lookback and in the history."""
    past = counting.history.total([name(number)])
    return counting.ledger.count(name(number)) + (past.count if past else 0)


def size_of(store: Store) -> int:
    """Bytes of the file itself, its log left out, which has a bound of its own."""
    return store.path.stat().st_size


async def test_what_a_storm_left_on_disk_is_given_back(tmp_path: Path) -> None:
    clock = FakeClock()
    async with counting_in(tmp_path, clock) as (counting, store):
        await counting.count([seen(n) for n in range(6000)], {}, [])
        await counting.expire(clock.now(), KEEP)
        stormy = await store.size()
        clock.time += 40 * DAY
        for _ in range(3):
            await counting.expire(clock.now(), KEEP)
        assert await store.size() < stormy / 4
        pages, free = await store.read(
            lambda db: tuple(db.execute(f"PRAGMA {which}").fetchone()[0] for which in ("page_count", "freelist_count"))
        )
        assert free * 4096 <= 1024 * 1024 or free <= pages // 4


@pytest.mark.parametrize("days", [4, pytest.param(40, marks=pytest.mark.slow)])
async def test_a_long_life_is_exact_and_bounded(tmp_path: Path, days: int) -> None:
    clock = FakeClock()
    sizes: list[int] = []
    async with counting_in(tmp_path, clock) as (counting, store):
        for day in range(days):
            await live(counting, clock, 24, day * 24)
            sizes.append(await store.size())
            assert len(list(counting.ledger.pages())) <= 2 * 25 + 2
        known = min(days, 31)
        assert 2 * 24 * (known - 1) <= counted(counting, 0) <= 2 * 24 * (known + 1)
        if days < 30:
            assert counted(counting, 0) == 2 * 24 * days
        else:
            assert max(sizes[33:]) <= 1.05 * sizes[32], sizes


@pytest.mark.parametrize("step", [-3 * HOUR, 5 * HOUR])
async def test_a_clock_that_steps_loses_no_count(tmp_path: Path, step: int) -> None:
    clock = FakeClock()
    async with counting_in(tmp_path, clock) as (counting, _):
        await live(counting, clock, 6)
        mine = sum(t.count for key, t in counting.ledger.tallies(name(0)).items() if key.origin != BOB)
        clock.time += step
        await live(counting, clock, 6, 6)
        again = sum(t.count for key, t in counting.ledger.tallies(name(0)).items() if key.origin != BOB)
        assert (mine, again) == (6, 12)


def side(counting: Counting, book: Book) -> Has:
    """What a node has to compare."""
    digest = Digest()
    for page in counting.ledger.pages():
        digest.put(page)
    return Has(counting.ledger, digest, book)


def pulled_by(asking: Has, other: Has, now: float) -> Pulled:
    steps = pull(asking, int(now // HOUR - 1) * HOUR, now)
    question = next(steps)
    while True:
        try:
            question = steps.send(answer(question, other))
        except StopIteration as end:
            return end.value


async def test_who_was_away_for_a_week_has_the_counts_of_the_lookback_again_and_forgot_nothing(tmp_path: Path) -> None:
    clock = FakeClock()
    async with counting_in(tmp_path / "carol", clock, "carol") as (carol, _):
        await live(carol, clock, 30)
        before = counted(carol, 0)
    async with counting_in(tmp_path / "alice", clock) as (alice, _):
        await live(alice, clock, 7 * 24, 30)
        async with counting_in(tmp_path / "carol", clock, "carol") as (carol, _):
            await carol.expire(clock.now(), KEEP)
            assert counted(carol, 0) == before
            pulled = pulled_by(side(carol, Book()), side(alice, Book()), clock.now())
            assert pulled.complete
            await carol.merge([(page, read_body(page.body)) for page in pulled.pages])
            assert {s: carol.ledger.count(s) for s in alice.ledger.signatures()} == {
                s: alice.ledger.count(s) for s in alice.ledger.signatures()
            }


async def test_who_is_short_of_room_keeps_what_no_other_node_has(tmp_path: Path) -> None:
    clock = FakeClock()
    async with counting_in(tmp_path, clock) as (counting, _):
        await live(counting, clock, 20)
        oldest = min(page.key.window for page in counting.ledger.pages())
        counting.oldest_alone = lambda: oldest + 5 * HOUR
        for _ in range(40):
            await counting.expire(clock.now(), Retention(size=1))
        assert min(page.key.window for page in counting.ledger.pages()) == oldest + 5 * HOUR
        counting.oldest_alone = lambda: None
        await counting.expire(clock.now(), Retention(size=1))
        assert min(page.key.window for page in counting.ledger.pages()) > oldest + 5 * HOUR
        assert counted(counting, 0) == 2 * 20
