"""Whatever is sent to the ingest socket: a clear answer in few words, a count by reason, and nobody else is hurt."""

import re
import socket
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import trio

from node.ingest import crowd, receive
from node.ingest.crowd import HELD_BYTES
from node.ingest.turns import Turns
from node.sockets import Peer, peer_of
from tests.hostile import ANSWER_BYTES, BAD, HELLO, ODD, SENT, SESSION, Bad, line, raw
from tests.sender import Map, error, frame, numbered
from tests.stage.kit import PATIENCE, Running, Talker, ingesting

WHOLE = frame({"seq": 1, **error(1)})
NOISY, QUIET = 1000, 2000  # user ids


async def last_word(talker: Talker, bad: Bad) -> str:
    answer = await (talker.line() if bad.data[:1] == b"{" else talker.answer())
    while "hello" in answer:
        answer = await talker.line()
    return str(answer)


async def test_everything_bad_is_answered_with_its_reason_in_few_words_and_counted(tmp_path: Path) -> None:
    async with ingesting(tmp_path) as node:
        wrong: dict[str, str] = {}
        for bad in BAD:
            talker = await node.talk()
            await talker.stream.send_all(bad.data)
            heard = await last_word(talker, bad)
            if not re.search(bad.reason, heard) or len(heard) > ANSWER_BYTES:
                wrong[bad.name] = heard[:500]
            if bad.counted == SENT:
                assert await talker.ended()
        assert wrong == {}
        expected = Counter(bad.counted for bad in BAD)
        assert node.ingest.counters.ended == expected.pop(SENT)
        assert node.ingest.counters.refused == expected
        assert node.counts() == {}


async def test_after_a_bad_record_the_same_connection_goes_on(tmp_path: Path) -> None:
    async with ingesting(tmp_path) as node:
        talker = await node.talk()
        for bad in BAD:
            if bad.counted != SENT and bad.data[:1] != b"{":
                await talker.stream.send_all(bad.data)
                assert (await talker.answer())["ack"] == 0
        await talker.send(error(1))
        assert (await talker.answer())["ack"] == 1


@pytest.mark.parametrize("data", [b"\x00\x00", WHOLE[:4], WHOLE[:-3], b'{"message":"half'])
async def test_what_the_end_cuts_off_is_refused_and_counted(tmp_path: Path, data: bytes) -> None:
    async with ingesting(tmp_path) as node:
        talker = await node.talk()
        await talker.stream.send_all(data)
        await talker.stream.send_eof()
        (refused,) = (await (talker.line() if data[:1] == b"{" else talker.answer()))["refused"]
        assert refused["reason"].startswith("not a record")
        assert await talker.ended()
        assert node.ingest.counters.refused == {"malformed": 1}


@pytest.mark.parametrize("form", [frame, line], ids=["frames", "lines"])
async def test_what_the_end_cuts_off_in_a_session_is_told_and_may_come_again(
    tmp_path: Path, form: Callable[[Map], bytes]
) -> None:
    first, second = (form({"seq": seq, **error(seq)}) for seq in (1, 2))
    hello = frame({"hello": 1, "session": SESSION}) if form is frame else line(HELLO)
    async with ingesting(tmp_path) as node:
        talker = await node.talk()
        answer = talker.line if form is line else talker.answer
        await talker.stream.send_all(hello + first + second[:-3])
        await talker.stream.send_eof()
        assert (await answer())["next"] == 1
        assert await answer() == {"ack": 1}
        assert await answer() == {"error": f"not a record: cut off after {len(second) - 3} bytes"}
        assert await talker.ended()
        assert node.ingest.counters.refused == {"malformed": 1}
        again = await node.talk()
        answer = again.line if form is line else again.answer
        await again.stream.send_all(hello + second)
        assert (await answer())["next"] == 2
        assert await answer() == {"ack": 2}
        assert sum(node.counts().values()) == 2


async def test_what_is_cut_off_is_counted_when_nobody_waits_for_the_answer(tmp_path: Path) -> None:
    async with ingesting(tmp_path) as node:
        talker = await node.talk()
        await talker.send({"hello": 1, "session": SESSION})
        await trio.lowlevel.wait_readable(talker.stream.socket)
        await talker.stream.send_all(WHOLE[:-3])
        await talker.stream.aclose()  # what the node said lies there unread, so its end is an error
        await node.until(lambda: node.ingest.counters.refused == {"malformed": 1})


async def test_what_is_only_odd_is_counted(tmp_path: Path) -> None:
    async with ingesting(tmp_path) as node:
        for data in ODD:
            talker = await node.talk()
            await talker.stream.send_all(data)
            assert (await (talker.line() if data[:1] == b"{" else talker.answer()))["ack"] == 1
        assert sum(node.counts().values()) == len(ODD)


async def test_bad_datagrams_are_counted_by_reason(tmp_path: Path) -> None:
    some = [bad for bad in BAD if bad.counted != SENT and len(bad.data) < 100_000]
    async with ingesting(tmp_path) as node:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.connect(str(node.places.datagram))
            for number, bad in enumerate(some, 1):
                sender.send(bad.data if bad.data[:1] == b"{" else bad.data[4:])
                await node.until(lambda number=number: node.ingest.counters.datagrams == number)
        assert node.ingest.counters.refused == Counter(bad.counted for bad in some)


async def test_a_spool_with_every_bad_record_in_it_keeps_the_good_ones(tmp_path: Path) -> None:
    bad = [each.data[4:] for each in BAD if each.counted != SENT and each.data[:1] != b"{"]
    path = tmp_path / "spool" / f"{SESSION.hex()}.spool"
    path.parent.mkdir()
    content = [numbered_body(body, seq) for seq, body in enumerate([*bad, frame(error(1))[4:]], 1)]
    path.write_bytes(b"".join([frame({"hello": 1, "session": SESSION}), *map(raw, content)]))
    async with ingesting(tmp_path, ingest__spool_interval=0.01) as node:
        await node.until(lambda: node.ingest.counters.spooled == 1)
        assert sum(node.counts().values()) == 1
        assert sum(node.ingest.counters.refused.values()) == len(bad)


@pytest.mark.parametrize("number", [2**53, 2**63 - 1, 2**64 - 1, -1])
async def test_a_spool_with_a_number_that_none_can_follow_disturbs_nobody(tmp_path: Path, number: int) -> None:
    path = tmp_path / "spool" / f"{SESSION.hex()}.spool"
    path.parent.mkdir()
    path.write_bytes(frame({"hello": 1, "session": SESSION}) + frame({"seq": number, **error(1)}))
    async with ingesting(tmp_path, ingest__spool_interval=0.01) as node:
        await node.until(lambda: node.ingest.counters.spools_refused == 1)
        assert not path.exists()
        assert node.ingest.desk.failures == 0


def numbered_body(body: bytes, seq: int) -> bytes:
    """`body` with a number, where it is a map."""
    try:
        return msgspec.msgpack.encode({"seq": seq, **msgspec.msgpack.decode(body)})
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, TypeError):
        return body


async def crowding(node: Running, data: bytes, size: int, patience: float = PATIENCE) -> list[Talker]:
    """`size` connections that each sent `data`, and were read. `patience`: who is not read cannot say all of it."""
    talkers = [await node.talk() for _ in range(size)]
    for talker in talkers:
        with trio.move_on_after(patience):
            await talker.stream.send_all(data)
    return talkers


def from_users(monkeypatch: pytest.MonkeyPatch, users: list[int]) -> None:
    """The next connections are said to come from these users, then all from the last one."""

    def peer(sock: socket.socket) -> Peer:
        return peer_of(sock)._replace(uid=users.pop(0) if len(users) > 1 else users[0])

    monkeypatch.setattr(receive, "peer_of", peer)


async def test_beginnings_of_frames_are_held_for_all_together_up_to_a_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowd, "HELD_BYTES", 1_000_000)
    async with ingesting(tmp_path) as node:
        quiet = await node.talk()
        await quiet.hello()
        await crowding(node, b"\x00\x04\x00\x00" + b"x" * 200_000, 10)
        await node.until(lambda: node.ingest.counters.full >= 6)
        await quiet.send(*numbered([error(1)]))
        assert await quiet.answer() == {"ack": 1}


async def test_of_two_users_the_one_for_whom_more_is_held_has_to_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowd, "HELD_BYTES", 1_000_000)
    from_users(monkeypatch, [QUIET, NOISY])
    large = frame(error(1, logs=["x" * 1000] * 240))
    async with ingesting(tmp_path) as node:
        quiet = await node.talk()
        await quiet.stream.send_all(large[:-10])
        await crowding(node, large[:-100_000], 10)
        await node.until(lambda: node.ingest.counters.full >= 1)
        await quiet.stream.send_all(large[-10:])
        assert (await quiet.answer())["ack"] == 1


async def test_answers_that_nobody_fetches_are_held_up_to_a_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowd, "HELD_BYTES", 1_000_000)
    async with ingesting(tmp_path) as node:
        await crowding(node, b'{"message":"x"}\n' * 12_000, 3, patience=1)
        await node.until(lambda: node.ingest.counters.full >= 1)
        talker = await node.talk()
        await talker.send(error(1))
        assert (await talker.answer())["ack"] == 1


async def test_a_user_who_takes_every_place_makes_room_for_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from_users(monkeypatch, [NOISY, NOISY, NOISY, QUIET])
    async with ingesting(tmp_path, ingest__connections=3) as node:
        noisy = [await node.talk() for _ in range(3)]
        for number, talker in enumerate(noisy):
            await talker.hello(bytes([number]) * 16)
        quiet = await node.talk()
        assert (await quiet.hello())["next"] == 1
        assert await noisy[0].answer() == {"error": "busy", "retry": True}  # the one that has been idle longest
        await noisy[1].send(*numbered([error(1)]))
        assert await noisy[1].answer() == {"ack": 1}
        assert node.ingest.counters.displaced == 1


async def test_a_user_with_as_many_places_as_any_is_turned_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from_users(monkeypatch, [NOISY, NOISY, QUIET, QUIET])
    async with ingesting(tmp_path, ingest__connections=3) as node:
        for number in range(3):
            await (await node.talk()).hello(bytes([number]) * 16)
        late = await node.talk()
        await late.send({"hello": 1, "session": SESSION})
        assert await late.answer() == {"error": "busy", "retry": True}
        assert node.ingest.counters.displaced == 0


async def test_a_quiet_connection_is_heard_beside_one_that_never_stops(tmp_path: Path) -> None:
    async with ingesting(tmp_path) as node:
        noisy, quiet = await node.talk(), await node.talk()
        flood = b'{"message":"again and again"}\n' * 2000
        async with trio.open_nursery() as nursery:

            async def fetch() -> None:
                while True:
                    await noisy.stream.receive_some(65536)

            async def never_stop() -> None:
                while True:
                    await noisy.stream.send_all(flood)

            nursery.start_soon(fetch)
            nursery.start_soon(never_stop)
            await quiet.hello()
            for number in range(1, 6):
                await quiet.send({"seq": number, **error(1)})
                assert await quiet.answer() == {"ack": number}
            nursery.cancel_scope.cancel()


def test_what_is_held_is_less_than_memory_may_grow_by() -> None:
    assert HELD_BYTES * 3 <= 48 * 1024 * 1024


def test_users_take_turns_whatever_the_number_of_their_connections() -> None:
    turns: Turns[str] = Turns()
    for number in range(3):
        turns.add(NOISY, f"noisy {number}")
    turns.add(QUIET, "quiet")
    taken = [turns.take() for _ in range(4)]
    assert taken == ["noisy 0", "quiet", "noisy 1", "noisy 2"]
    assert not turns
