"""Counting on a real store: memory never ahead of the disk, nothing folded twice, nothing back after a restart."""

import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from aggregator.page import Page, PageKey, write_body
from aggregator.tally import Tally
from aggregator.window import kept
from node.config.local import Retention
from node.store import Store, StoreError, history, open_store, pages
from node.tally import Counting, open_counting
from tests.pure.factories import BOB, name, seen, tally
from tests.stage.kit import LOOKBACK, NOW, WINDOW, FakeClock

HOUR, DAY = 3_600, 86_400
KEEP = Retention()


@asynccontextmanager
async def counting_in(directory: Path, clock: FakeClock) -> AsyncGenerator[tuple[Counting, Store]]:
    async with open_store(directory) as store:
        yield await open_counting(store, "alice", WINDOW, LOOKBACK, clock), store


def total(counting: Counting, number: int = 1) -> int:
    """Occurrences in the lookback and in the history."""
    past = counting.history.total([name(number)])
    return counting.ledger.count(name(number)) + (past.count if past else 0)


async def trip(store: Store, table: str) -> None:
    """From now on writing to `table` fails."""

    def operation(db: sqlite3.Connection) -> None:
        db.execute(f"CREATE TRIGGER no_{table} BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'no'); END")

    await store.commit([operation])


async def mend(store: Store, table: str) -> None:
    await store.commit([lambda db: db.execute(f"DROP TRIGGER no_{table}")])


async def test_counts_come_back_after_a_restart_under_a_new_origin(tmp_path: Path) -> None:
    clock = FakeClock()
    async with counting_in(tmp_path, clock) as (counting, _):
        await counting.count([seen(1, 5)], {}, [])
        await counting.count([seen(1, 2), seen(2)], {}, [])
        first = counting.origin
    async with counting_in(tmp_path, clock) as (counting, _):
        assert counting.origin.run != first.run
        await counting.count([seen(1)], {}, [])
        assert (total(counting, 1), total(counting, 2)) == (8, 1)
        assert {key.origin for key in counting.ledger.tallies(name(1))} == {first, counting.origin}


async def test_who_listens_hears_of_own_pages_once_they_are_committed(tmp_path: Path) -> None:
    heard: list[PageKey] = []
    async with counting_in(tmp_path, FakeClock()) as (counting, store):
        counting.listener = heard.extend
        await counting.count([seen(n) for n in range(100)], {}, [])
        assert [(key.origin, key.number) for key in heard] == [(counting.origin, 0), (counting.origin, 1)]
        await trip(store, "sessions")
        with pytest.raises(StoreError):
            await counting.count([seen(1)], {b"s" * 16: 2}, [])
        assert len(heard) == 2


async def test_a_batch_that_is_not_committed_is_not_counted(tmp_path: Path) -> None:
    async with counting_in(tmp_path, FakeClock()) as (counting, store):
        await counting.count([seen(1, 5)], {}, [])
        await trip(store, "sessions")
        with pytest.raises(StoreError):
            await counting.count([seen(1, 100)], {b"s" * 16: 5}, [])
        assert total(counting) == 5
        await mend(store, "sessions")
        await counting.count([seen(1)], {b"s" * 16: 5}, [])
        assert total(counting) == 6


async def test_what_leaves_the_lookback_goes_into_the_history_and_survives_a_restart(tmp_path: Path) -> None:
    clock = FakeClock()
    async with counting_in(tmp_path, clock) as (counting, _):
        await counting.count([seen(1, 5)], {}, [])
        for later in (LOOKBACK + 2 * WINDOW, kept(LOOKBACK) - LOOKBACK):
            clock.time += later
            await counting.expire(clock.now(), KEEP)
            assert counting.ledger.count(name(1)) == 0
            assert total(counting) == 5
            assert counting.known(name(1))
    async with counting_in(tmp_path, clock) as (counting, store):
        assert total(counting) == 5
        assert await store.read(lambda db: list(pages.every(db))) == []


async def test_a_clock_that_was_two_hours_ahead_and_is_put_right_finds_its_counts_again(tmp_path: Path) -> None:
    clock = FakeClock()
    async with counting_in(tmp_path, clock) as (counting, _):
        await counting.count([seen(1, 5)], {}, [])
        clock.time += LOOKBACK - HOUR + 2 * HOUR
        await counting.expire(clock.now(), KEEP)
        assert (counting.ledger.count(name(1)), total(counting)) == (0, 5)
    async with counting_in(tmp_path, clock) as (counting, _):
        assert (counting.ledger.count(name(1)), total(counting)) == (0, 5)
        clock.time -= 2 * HOUR
        await counting.expire(clock.now(), KEEP)
        assert (counting.ledger.count(name(1)), total(counting)) == (5, 5)


async def test_folding_that_is_not_committed_happens_once_in_the_end(tmp_path: Path) -> None:
    clock = FakeClock()
    async with counting_in(tmp_path, clock) as (counting, store):
        await counting.count([seen(1, 5)], {}, [])
        clock.time += kept(LOOKBACK) + 2 * WINDOW
        await trip(store, "history")
        for _ in range(2):
            with pytest.raises(StoreError):
                await counting.expire(clock.now(), KEEP)
        assert total(counting) == 5
        await mend(store, "history")
        await counting.expire(clock.now(), KEEP)
        assert total(counting) == 5
    async with counting_in(tmp_path, clock) as (counting, _):
        assert total(counting) == 5


async def test_a_node_that_was_off_for_days_folds_what_it_finds(tmp_path: Path) -> None:
    clock = FakeClock()
    async with counting_in(tmp_path, clock) as (counting, _):
        await counting.count([seen(1, 5)], {}, [])
    clock.time += 3 * DAY
    for _ in range(2):  # not folded on disk before the first `expire`, and not twice after a restart
        async with counting_in(tmp_path, clock) as (counting, _):
            assert (counting.ledger.count(name(1)), total(counting)) == (0, 5)
    async with counting_in(tmp_path, clock) as (counting, store):
        await counting.expire(clock.now(), KEEP)
        assert len(await store.read(lambda db: list(history.every(db)))) == 1
        clock.time += 31 * DAY
        await counting.expire(clock.now(), KEEP)
        assert total(counting) == 0
        assert await store.read(lambda db: list(history.every(db))) == []


async def test_a_clock_that_jumped_ahead_and_back_loses_and_doubles_nothing(tmp_path: Path) -> None:
    clock = FakeClock()
    async with counting_in(tmp_path, clock) as (counting, _):
        await counting.count([seen(1, 5)], {}, [])
        clock.time += 10 * DAY
        await counting.expire(clock.now(), KEEP)
        clock.time = NOW
        await counting.count([seen(1, 2)], {}, [])
        assert total(counting) == 7
    async with counting_in(tmp_path, clock) as (counting, _):
        assert total(counting) == 7


async def test_pages_of_others_are_merged_once_and_kept(tmp_path: Path) -> None:
    def page(sequence: int, count: int, window: int = int(NOW) // WINDOW * WINDOW) -> tuple[Page, list[Tally]]:
        tallies = [tally(1, count)]
        return Page(PageKey(BOB, window, 0), sequence, write_body(tallies), b"signed"), tallies

    clock = FakeClock()
    async with counting_in(tmp_path, clock) as (counting, _):
        await counting.expire(clock.now(), KEEP)
        older, newer, ancient = page(1, 3), page(2, 4), page(1, 9, 0)
        assert await counting.merge([newer, older, ancient]) == 1
        assert await counting.merge([newer]) == 0
        assert total(counting) == 4
    async with counting_in(tmp_path, clock) as (counting, _):
        assert total(counting) == 4


async def test_counting_folding_and_merging_at_once_add_up(tmp_path: Path) -> None:
    clock = FakeClock()
    async with counting_in(tmp_path, clock) as (counting, _):

        async def count() -> None:
            for _ in range(20):
                clock.time += WINDOW * 10
                await counting.count([seen(1)], {}, [])

        async def expire() -> None:
            for _ in range(20):
                await counting.expire(clock.now(), KEEP)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(count)
            nursery.start_soon(expire)
        assert total(counting) == 20
    async with counting_in(tmp_path, clock) as (counting, _):
        assert total(counting) == 20


async def test_a_database_that_grows_too_large_shortens_the_lookback_and_nothing_is_lost(tmp_path: Path) -> None:
    clock = FakeClock()
    async with counting_in(tmp_path, clock) as (counting, _):
        await counting.count([seen(1, 5)], {}, [])
        small = Retention(size=1)
        for _ in range(200):
            await counting.expire(clock.now(), small)
        assert counting.squeezed == kept(LOOKBACK) // WINDOW - 1
        assert counting.ledger.horizon <= NOW
        assert total(counting) == 5
