"""The spool: everything that a dead client wrote is counted once, and nothing that is no spool is followed."""

import fcntl
import os
from pathlib import Path

import msgspec
import pytest

from node.ingest.spool import FILE_BYTES
from node.store import StoreError, Trouble
from tests.sender import Map, error, frame, numbered
from tests.stage.kit import FakeClock, Running, ingesting

SESSION = b"s" * 16


def title(number: int) -> str:
    return f"Error{number}: step {number} failed"


def spool(directory: Path, records: list[Map], session: bytes = SESSION, tail: bytes = b"") -> Path:
    """A spool as the client writes it."""
    (directory / "spool").mkdir(exist_ok=True)
    path = directory / "spool" / f"{session.hex()}.spool"
    path.write_bytes(b"".join(map(frame, [{"hello": 1, "session": session}, *records])) + tail)
    return path


async def drained(node: Running) -> None:
    """All that lies in the spool now was looked at."""
    looked = node.ingest.spools.looks
    await node.until(lambda: node.ingest.spools.looks >= looked + 2)


async def test_a_spool_is_counted_and_removed(tmp_path: Path) -> None:
    path = spool(tmp_path, numbered([error(1), error(2), error(1)]))
    async with ingesting(tmp_path, ingest__spool_interval=0.01) as node:
        await drained(node)
        assert node.counts() == {title(1): 2, title(2): 1}
        assert not path.exists()
        assert node.ingest.counters.spooled == 1


async def test_a_spool_of_json_lines_is_read_too(tmp_path: Path) -> None:
    path = spool(tmp_path, [])
    maps: list[Map] = [{"hello": 1, "session": SESSION.hex()}, *numbered([error(1), error(1)])]
    path.write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in maps))
    async with ingesting(tmp_path, ingest__spool_interval=0.01) as node:
        await drained(node)
        assert node.counts() == {title(1): 2}


async def test_what_was_sent_before_it_was_spooled_counts_once(tmp_path: Path) -> None:
    async with ingesting(tmp_path, ingest__spool_interval=0.01) as node:
        talker = await node.talk()
        await talker.hello(SESSION)
        await talker.send(*numbered([error(1)] * 3))
        assert await talker.answer() == {"ack": 3}
        spool(tmp_path, numbered([error(1)] * 4, first=2))
        await drained(node)
        assert node.counts() == {title(1): 5}


async def test_a_spool_that_comes_back_counts_nothing_again(tmp_path: Path) -> None:
    async with ingesting(tmp_path, ingest__spool_interval=0.01) as node:
        for _ in range(2):
            spool(tmp_path, numbered([error(1)] * 3))
            await drained(node)
        assert node.counts() == {title(1): 3}


async def test_numbers_that_died_with_their_writer_are_skipped(tmp_path: Path) -> None:
    spool(tmp_path, numbered([error(1)] * 2, first=10))
    async with ingesting(tmp_path, ingest__spool_interval=0.01) as node:
        await drained(node)
        assert node.counts() == {title(1): 2}


async def test_a_record_that_was_torn_off_is_left_out_and_the_rest_counts(tmp_path: Path) -> None:
    path = spool(tmp_path, numbered([error(1)] * 2), tail=frame(error(1))[:30])
    async with ingesting(tmp_path, ingest__spool_interval=0.01) as node:
        await drained(node)
        assert node.counts() == {title(1): 2}
        assert not path.exists()


async def test_a_spool_that_is_still_being_written_is_left_alone(tmp_path: Path) -> None:
    path = spool(tmp_path, numbered([error(1)]))
    with path.open("rb") as writer:
        fcntl.flock(writer, fcntl.LOCK_EX)
        async with ingesting(tmp_path, ingest__spool_interval=0.01) as node:
            await drained(node)
            assert node.counts() == {}
            assert path.exists()
            fcntl.flock(writer, fcntl.LOCK_UN)
            await drained(node)
            assert node.counts() == {title(1): 1}


async def test_a_spool_stays_while_the_store_fails(tmp_path: Path) -> None:
    async with ingesting(tmp_path, ingest__spool_interval=0.01) as node:
        node.gate.trouble = StoreError(Trouble.FULL, tmp_path)
        path = spool(tmp_path, numbered([error(1)] * 3))
        await drained(node)
        assert path.exists()
        node.gate.trouble = None
        await drained(node)
        assert node.counts() == {title(1): 3}
        assert not path.exists()


async def test_a_large_spool_is_read_in_pieces(tmp_path: Path) -> None:
    spool(tmp_path, numbered([error(n % 7, logs=["x" * 900]) for n in range(2000)]))
    async with ingesting(tmp_path, ingest__spool_interval=0.01) as node:
        await node.until(lambda: node.ingest.counters.spooled == 1)
        assert sum(node.counts().values()) == 2000


async def test_links_are_removed_and_not_followed(tmp_path: Path) -> None:
    precious = spool(tmp_path, numbered([error(1)])).rename(tmp_path / "precious")
    other = tmp_path / "other"
    other.write_bytes(precious.read_bytes())
    symbolic = tmp_path / "spool" / f"{'a' * 32}.spool"
    symbolic.symlink_to(precious)
    hard = tmp_path / "spool" / f"{SESSION.hex()}.spool"
    os.link(other, hard)
    async with ingesting(tmp_path, ingest__spool_interval=0.01) as node:
        await drained(node)
        assert node.counts() == {}
        assert precious.exists()
        assert other.exists()
        assert not symbolic.is_symlink()
        assert not hard.exists()
        assert node.ingest.counters.spools_refused == 2


@pytest.mark.parametrize(
    "data",
    [
        frame({"hello": 1, "session": b"t" * 16}) + frame({"seq": 1, **error(1)}),  # another session's name
        frame({"seq": 1, **error(1)}),  # no hello
        frame({"hello": 1, "session": SESSION}) + b"\xff\xff\xff\xff",  # no length
        frame({"hello": 1, "session": b"short"}),
    ],
)
async def test_what_cannot_be_read_is_removed_and_counts_nothing(tmp_path: Path, data: bytes) -> None:
    path = spool(tmp_path, [])
    path.write_bytes(data)
    async with ingesting(tmp_path, ingest__spool_interval=0.01) as node:
        await drained(node)
        assert node.counts() == {}
        assert not path.exists()
        assert node.ingest.counters.spools_refused == 1


async def test_a_file_that_is_too_large_or_no_file_is_not_read(tmp_path: Path) -> None:
    path = spool(tmp_path, [])
    os.truncate(path, FILE_BYTES + 1)
    os.mkfifo(tmp_path / "spool" / f"{'b' * 32}.spool")
    async with ingesting(tmp_path, ingest__spool_interval=0.01) as node:
        await drained(node)
        assert not path.exists()
        assert node.ingest.counters.spools_refused == 2


async def test_a_spool_whose_session_may_have_been_forgotten_is_not_counted(tmp_path: Path) -> None:
    path = spool(tmp_path, numbered([error(1)]))
    clock = FakeClock(path.stat().st_ctime + 30 * 86_400)
    async with ingesting(tmp_path, clock, ingest__spool_interval=0.01) as node:
        await drained(node)
        assert node.counts() == {}
        assert not path.exists()


async def test_other_files_are_none_of_its_business(tmp_path: Path) -> None:
    path = spool(tmp_path, numbered([error(1)])).rename(tmp_path / "spool" / f".{SESSION.hex()}.new")
    async with ingesting(tmp_path, ingest__spool_interval=0.01) as node:
        await drained(node)
        assert path.exists()
