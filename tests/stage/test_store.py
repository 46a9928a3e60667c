"""The store: whole changes or none, durable, locked, and clear about what is wrong."""

import gzip
import os
import sqlite3
from pathlib import Path

import pytest
import trio

from aggregator import ban
from aggregator.book import Book, Fact, FactKey, Ruling, Standing
from aggregator.entries import introduction
from aggregator.history import History
from aggregator.ledger import Folded
from aggregator.page import Page, PageKey, write_body
from aggregator.roster import Roster
from node.book import open_book
from node.identity import verify, verify_key
from node.store import (
    Operation,
    Store,
    StoreError,
    Trouble,
    audit,
    book,
    history,
    intents,
    meta,
    open_store,
    pages,
    samples,
    sessions,
)
from node.store.database import NAME, VERSION, open_writer
from node.tally import open_counting
from node.warn import warnings
from tests.pure.factories import ALICE, name, tally
from tests.pure.people import FLEET, invitation, member
from tests.stage.kit import FakeClock

# A database that the last program of version 1 wrote: two errors, a ruling of each kind, samples, sessions.
FIRST = Path(__file__).parents[1] / "fixtures" / "state.v1.db.gz"
V1_PEER = "12D3KooWAuoh9qDpqhfRt9RUDTVNU7PzVsZoTzhbRh9q5h6La8DS"
V1_TIME = 1_795_180_339.0
V1_SIGNATURE = "s1-aa2a32f1432d544f341f29e8bd3a8bbb"


def first_version(directory: Path) -> None:
    """Put the database of version 1 into a state directory."""
    (directory / NAME).write_bytes(gzip.decompress(FIRST.read_bytes()))


def page(number: int = 0, sequence: int = 1, window: int = 900) -> Page:
    return Page(PageKey(ALICE, window, number), sequence, write_body([tally(number)]), b"s")


def broken(_db: sqlite3.Connection) -> None:
    raise ValueError("a bug in an operation")


async def test_what_was_committed_is_there_after_a_restart(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await store.commit([pages.put([page(1), page(2)]), sessions.put({b"s" * 16: 5}, now=1.0)])
        await store.commit([pages.put([page(1, sequence=2)])])
    async with open_store(tmp_path) as store:
        assert {p.key.number: p for p in await store.read(lambda db: list(pages.every(db)))} == {
            1: page(1, 2),
            2: page(2),
        }
        assert await store.read(lambda db: sessions.find(db, [b"s" * 16, b"t" * 16])) == {b"s" * 16: 5}


async def test_a_change_is_applied_whole_or_not_at_all(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        with pytest.raises(StoreError, match="a bug in an operation"):
            await store.commit([meta.put("a", 1), broken])
        assert await store.read(lambda db: meta.get(db, "a")) is None


async def test_changes_that_wait_are_written_as_one_group_and_a_bad_one_harms_only_itself(tmp_path: Path) -> None:
    failed: list[str] = []

    async def commit(store: Store, change: list[Operation]) -> None:
        try:
            await store.commit(change)
        except StoreError as error:
            failed.append(str(error))

    async with open_store(tmp_path) as store:
        async with trio.open_nursery() as nursery:
            for number in range(20):
                nursery.start_soon(commit, store, [meta.put(f"n{number}", number)])
        assert store.commits <= 3
        async with trio.open_nursery() as nursery:
            for number in range(20, 30):
                nursery.start_soon(commit, store, [meta.put(f"n{number}", number)])
            nursery.start_soon(commit, store, [meta.put("bad", 1), broken])
        assert len(failed) == 1
        assert await store.read(lambda db: [meta.get(db, f"n{n}") for n in range(30)]) == list(range(30))
        assert await store.read(lambda db: meta.get(db, "bad")) is None


async def test_a_cancelled_caller_does_not_harm_the_group_that_it_was_writing(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store, trio.open_nursery() as nursery:
        with trio.CancelScope() as scope:
            nursery.start_soon(store.commit, [meta.put("other", 1)])
            scope.cancel()
            await store.commit([meta.put("mine", 1)])
        nursery.start_soon(store.commit, [meta.put("later", 1)])
        await trio.testing.wait_all_tasks_blocked()
        while await store.read(lambda db: meta.get(db, "later")) is None:
            await trio.testing.wait_all_tasks_blocked()
        assert await store.read(lambda db: meta.get(db, "other")) == 1


async def test_a_second_node_on_the_same_directory_is_told_who_is_there(tmp_path: Path) -> None:
    async with open_store(tmp_path):
        with pytest.raises(StoreError, match=rf"another node uses this directory.*process {os.getpid()}") as caught:
            async with open_store(tmp_path):
                pass
        assert caught.value.trouble is Trouble.IN_USE
    async with open_store(tmp_path):
        pass


async def test_a_full_disk_is_told_and_the_store_works_again_when_there_is_room(tmp_path: Path) -> None:
    def no_room(db: sqlite3.Connection) -> None:
        used = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {used}")

    async with open_store(tmp_path) as store:
        with pytest.raises(StoreError, match="disk is full") as caught:
            await store.commit([no_room, meta.put("big", "x" * 100_000)])
        assert caught.value.trouble is Trouble.FULL
        await store.commit([lambda db: db.execute("PRAGMA max_page_count = 1000000"), meta.put("big", "x")])
        assert await store.read(lambda db: meta.get(db, "big")) == "x"


async def test_a_database_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await store.commit([lambda db: db.execute("PRAGMA query_only = ON")])
        with pytest.raises(StoreError, match="owner and mode") as caught:
            await store.commit([meta.put("a", 1)])
        assert caught.value.trouble is Trouble.READ_ONLY


async def test_a_damaged_database_is_told(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreError, match="damaged") as caught:
        async with open_store(tmp_path):
            pass
    assert caught.value.trouble is Trouble.CORRUPT


async def test_a_database_that_is_moved_away_under_the_node_is_written_again_when_it_is_back(tmp_path: Path) -> None:
    path = tmp_path / NAME
    async with open_store(tmp_path) as store:
        path.rename(tmp_path / "elsewhere")
        for _ in range(2):
            with pytest.raises(StoreError, match="was moved") as caught:
                await store.commit([meta.put("a", 1)])
            assert (caught.value.trouble, store.trouble) == (Trouble.MOVED, caught.value)
            path.write_bytes(b"another")
        (tmp_path / "elsewhere").rename(path)
        await store.commit([meta.put("a", 2)])
        assert store.trouble is None
    async with open_store(tmp_path) as store:
        assert await store.read(lambda db: meta.get(db, "a")) == 2


async def test_a_database_that_cannot_be_read_any_more_is_told(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await store.commit([meta.put(f"n{number}", "x" * 4_000) for number in range(100)])
    async with open_store(tmp_path) as store:
        size = store.path.stat().st_size
        with store.path.open("r+b") as file:
            file.seek(4096)
            file.write(b"\xd5" * (size - 4096))
        with pytest.raises(StoreError, match="damaged"):
            await store.read(lambda db: [meta.get(db, f"n{number}") for number in range(100)])
        assert store.trouble
        assert store.trouble.trouble is Trouble.CORRUPT


async def test_a_state_directory_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        async with open_store(tmp_path / "state"):
            pass


def test_a_newer_database_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / NAME
    connection = open_writer(path)
    connection.execute("UPDATE version SET number = 99")
    connection.close()
    with pytest.raises(StoreError, match="newer version") as caught:
        open_writer(path)
    assert caught.value.trouble is Trouble.NEWER


def test_an_older_database_is_upgraded_step_by_step_after_a_backup(tmp_path: Path) -> None:
    path, steps = tmp_path / NAME, tmp_path / "upgrades"
    steps.mkdir()
    (steps / f"{VERSION + 1}.sql").write_text("CREATE TABLE fruit (name TEXT);")
    (steps / f"{VERSION + 2}.sql").write_text("INSERT INTO fruit VALUES ('apple');")
    open_writer(path).close()
    connection = open_writer(path, version=VERSION + 2, upgrades=steps)
    assert connection.execute("SELECT name, number FROM fruit, version").fetchall() == [("apple", VERSION + 2)]
    connection.close()
    old = sqlite3.connect(tmp_path / f"{NAME}.v{VERSION}.backup")
    assert old.execute("SELECT number FROM version").fetchall() == [(VERSION,)]
    old.close()


def shape(path: Path) -> set[tuple[str, str, str]]:
    """What is in a database, but for how it is written."""
    connection = sqlite3.connect(path)
    try:
        rows = connection.execute("SELECT type, name, tbl_name FROM sqlite_schema").fetchall()
    finally:
        connection.close()
    return set(rows)


async def test_a_database_of_the_version_before_is_taken_over_with_all_that_it_holds(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    first_version(tmp_path / "old")
    clock = FakeClock(V1_TIME)
    async with open_store(tmp_path / "old") as store, open_store(tmp_path / "new"):
        counting = await open_counting(store, V1_PEER, 900, 86_400.0, clock)
        totals = [counting.ledger.total([signature]) for signature in counting.ledger.signatures()]
        keeper = await open_book(store, V1_PEER, clock)
        assert sorted((total.title, total.count) for total in totals if total) == [
            ("Error1: step <n> failed in step_1", 3),
            ("Error2: step <n> failed in step_2", 40),
        ]
        assert {ruling.kind for ruling in keeper.book.rulings()} == {"edge", "mute"}
        assert await store.read(audit.count) == {"merge": 1, "mute": 1}
        assert await store.read(lambda db: sessions.find(db, [b"\x01" * 16, b"\x02" * 16])) == {
            b"\x01" * 16: 4,
            b"\x02" * 16: 41,
        }
        assert len(await store.read(lambda db: samples.of_signature(db, V1_SIGNATURE))) == 2
    assert shape(tmp_path / "old" / NAME) == shape(tmp_path / "new" / NAME)
    assert shape(tmp_path / "old" / f"{NAME}.v1.backup") < shape(tmp_path / "new" / NAME)


async def test_what_an_earlier_version_kept_and_all_others_refuse_is_put_aside(tmp_path: Path) -> None:
    """Or else this book and theirs would differ for ever."""
    mute = Ruling("mute", name(1), {"until": "forever"}, 1, "alice")
    bob = introduction(member("bob", by=invitation(uses=9)))
    rows: list[Operation] = [
        book.put("ruling", "mute\n1", mute),
        book.put("ruling", "member\n1", bob),
        book.put("ruling", "member\n2", Ruling("member", "carol", {"key": "k", "joined": 5}, 1, "alice")),
        book.put("ruling", "ban\n1", Ruling("ban", "dave", 5, 1, "alice")),
        book.put("ruling", "drop\n1", Ruling("drop", name(2), 2.5, 1, "alice")),
        book.put("ruling", "mute\n2", ["no", "ruling"]),
        book.put("fact", "r\n1", (FactKey("r", name(1)), Fact(Standing.FILED, float("nan"), 3))),
        book.put("fact", "r\n2", (FactKey("r", name(2)), Fact(Standing.FILED, 1.0, 3))),
        lambda db: db.execute("REPLACE INTO book VALUES ('fact', 'r 3', x'c1')"),
    ]
    roster, theirs = Roster([FLEET.public], verify_key, verify), Book()
    for each in (mute, bob):
        theirs.put_ruling(each)
    theirs.put_fact(FactKey("r", name(2)), Fact(Standing.FILED, 1.0, 3))
    async with open_store(tmp_path) as store:
        await store.commit(rows)
        keeper = await open_book(store, "alice", FakeClock(0.0), roster)  # a clock that was never set is no reason
        assert keeper.book.sums.root() == theirs.sums.root()
        assert keeper.aside == {"FORGED": 2, "BAD_MESSAGE": 4}
        again = ban.seal(keeper.book.rule("ban", "dave", 5, "alice"), FLEET.public, FLEET.sign)
        await keeper.merge([], [again])
        assert len(warnings(keeper)) == 1
        alone = await open_book(store, "alice", FakeClock(0.0))
        assert alone.aside == {"BAD_MESSAGE": 4}


def test_an_upgrade_that_fails_leaves_the_step_before_it(tmp_path: Path) -> None:
    path, steps = tmp_path / NAME, tmp_path / "upgrades"
    steps.mkdir()
    (steps / f"{VERSION + 1}.sql").write_text("CREATE TABLE fruit (name TEXT); INSERT INTO nowhere VALUES (1);")
    open_writer(path).close()
    with pytest.raises(StoreError, match="nowhere"):
        open_writer(path, version=VERSION + 1, upgrades=steps)
    connection = open_writer(path)
    assert connection.execute("SELECT name FROM sqlite_schema WHERE name = 'fruit'").fetchall() == []
    connection.close()


def test_a_new_database_is_private_and_does_not_replay_an_old_log(tmp_path: Path) -> None:
    path = tmp_path / NAME
    (tmp_path / f"{NAME}-wal").write_bytes(b"left over")
    (tmp_path / f"{NAME}.new").write_bytes(b"half of one")
    connection = open_writer(path)
    assert connection.execute("SELECT count(*) FROM pages").fetchone() == (0,)
    assert {each.stat().st_mode & 0o777 for each in tmp_path.iterdir()} == {0o600}
    connection.close()


async def test_samples_are_two_per_origin_signature_and_day(tmp_path: Path) -> None:
    def sample(slot: int, sample_id: str) -> samples.Sample:
        return samples.Sample(ALICE, name(1), 20_000, slot, sample_id, sample_id.encode())

    async with open_store(tmp_path) as store:
        await store.commit([samples.put([sample(0, "a"), sample(1, "b")])])
        await store.commit([samples.put([sample(1, "c")])])
        assert await store.read(lambda db: samples.of_signature(db, name(1))) == [("a", b"a"), ("c", b"c")]
        assert await store.read(lambda db: samples.find(db, "b")) is None
        await store.commit([samples.remove_before(20_001)])
        assert await store.read(lambda db: samples.find(db, "a")) is None


async def test_history_and_book_come_back_as_they_were_put(tmp_path: Path) -> None:
    rows = History().fold([Folded(name(1), 900, tally(1, 4), "alice"), Folded(name(1), 1800, tally(1, 3), "bob")])
    async with open_store(tmp_path) as store:
        await store.commit([history.put(rows), book.put("mute", "s1-x", {"until": "forever"}), book.put("b", "y", 1)])
        assert await store.read(lambda db: list(history.every(db))) == rows
        assert rows[0][2].count == 7
        ((kind, subject, _),) = await store.read(lambda db: list(book.every(db, "mute")))
        assert (kind, subject) == ("mute", "s1-x")
        await store.commit([book.remove("mute", "s1-x"), history.remove([rows[0][0]])])
        assert await store.read(lambda db: (book.get(db, "mute", "s1-x"), list(history.every(db)))) == (None, [])


async def test_pages_intents_and_sessions_can_be_let_go(tmp_path: Path) -> None:
    other = page(3, window=1800)
    async with open_store(tmp_path) as store:
        await store.commit([pages.put([page(1), other]), intents.put("root", 5.0, {"nonce": "x"})])
        await store.commit(
            [pages.remove([page(1).key]), sessions.put({b"old": 1}, 1.0), sessions.put({b"new": 1}, 9.0)]
        )
        await store.commit([sessions.remove_unused(5.0)])
        assert await store.read(lambda db: [p.key for p in pages.every(db)]) == [other.key]
        assert await store.read(lambda db: sessions.find(db, [b"old", b"new"])) == {b"new": 1}
        assert await store.read(lambda db: [(s, at) for s, at, _ in intents.every(db)]) == [("root", 5.0)]
        await store.commit([intents.remove("root")])
        assert await store.read(lambda db: list(intents.every(db))) == []


async def test_the_audit_log_only_grows(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await store.commit([audit.append(1.0, "alice", "create", "s1-x", {"issue": 7})])
        await store.commit([audit.append(2.0, "alice", "close", "s1-x", {})])
        for statement in ("DELETE FROM audit", "UPDATE audit SET action = 'nothing'"):
            with pytest.raises(StoreError, match="append-only"):
                await store.commit([lambda db, text=statement: db.execute(text)])
        entries = await store.read(audit.last)
        assert [(e.action, e.detail) for e in entries] == [("close", {}), ("create", {"issue": 7})]
        assert [e.action for e in await store.read(lambda db: audit.last(db, action="create"))] == ["create"]
