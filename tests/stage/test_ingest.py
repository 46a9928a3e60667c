"""The ingest socket as `docs/ingest.md` describes it: exact with a session, clear about what it refuses."""

import contextlib
import re
import socket
import stat
from pathlib import Path
from typing import cast

import msgspec
import pytest
import trio
import trio.lowlevel

from aggregator import limits
from aggregator.record import ErrorRecord, decode
from node.ingest import SocketError, batch, receive, repeats
from node.sockets import bind
from node.store import Operation, StoreError, Trouble, open_store, samples, sessions
from tests.sender import error, frame, numbered
from tests.stage.kit import NOW, FakeClock, FakeNaming, ingesting

SESSION = b"s" * 16


def title(number: int) -> str:
    return f"Error{number}: step {number} failed"


async def test_records_of_a_session_are_counted_and_acknowledged_together(tmp_path: Path) -> None:
    async with ingesting(tmp_path) as node:
        talker = await node.talk()
        assert await talker.hello() == {
            "hello": 1,
            "node": "alice",
            "next": 1,
            "client": {"log_lines": 100, "stack_trace": True},
        }
        await talker.send(*numbered([error(1), error(2, count=5), error(1)]))
        assert await talker.answer() == {"ack": 3}
        assert node.counts() == {title(1): 2, title(2): 5}
        assert await node.store.read(lambda db: sessions.find(db, [SESSION])) == {SESSION: 4}


async def test_what_is_sent_again_is_acknowledged_again_and_not_counted_again(tmp_path: Path) -> None:
    async with ingesting(tmp_path) as node:
        talker = await node.talk()
        await talker.hello()
        await talker.send(*numbered([error(1)] * 3))
        assert await talker.answer() == {"ack": 3}
        again = await node.talk()
        assert (await again.hello())["next"] == 4
        await again.send(*numbered([error(1)] * 5))
        assert await again.answer() == {"ack": 5}
        assert node.counts() == {title(1): 5}


async def test_a_session_goes_on_after_a_restart_of_the_node(tmp_path: Path) -> None:
    async with ingesting(tmp_path) as node:
        talker = await node.talk()
        await talker.hello()
        await talker.send(*numbered([error(1)] * 3))
        await talker.answer()
    async with ingesting(tmp_path) as node:
        assert node.counts() == {title(1): 3}
        talker = await node.talk()
        assert (await talker.hello())["next"] == 4
        await talker.send(*numbered([error(1)] * 2, first=3))
        assert await talker.answer() == {"ack": 4}
        assert node.counts() == {title(1): 4}


@pytest.mark.parametrize("first", [2, 100])
async def test_a_gap_is_refused_and_ends_the_connection(tmp_path: Path, first: int) -> None:
    async with ingesting(tmp_path) as node:
        talker = await node.talk()
        await talker.hello()
        await talker.send(*numbered([error(1)], first=first))
        assert await talker.answer() == {"error": "gap", "next": 1}
        assert await talker.ended()
        assert node.counts() == {}


async def test_what_came_before_a_gap_is_acknowledged_before_it_is_told(tmp_path: Path) -> None:
    async with ingesting(tmp_path) as node:
        talker = await node.talk()
        await talker.hello()
        await talker.send({"seq": 1, **error(1)}, {"seq": 3, **error(1)})
        assert await talker.answer() == {"ack": 1}
        assert await talker.answer() == {"error": "gap", "next": 2}


async def test_refused_records_are_settled_with_their_reason_and_the_rest_is_counted(tmp_path: Path) -> None:
    async with ingesting(tmp_path) as node:
        talker = await node.talk()
        await talker.hello()
        bad = [error(1, count=0), {"message": 5}, {"type": "no message"}, {"message": "x" * 9000}]
        await talker.send(*numbered([error(1), *bad, error(1)]), {"seq": 7, **error(1, count=limits.COUNT + 1)})
        answer = await talker.answer()
        assert answer["ack"] == 7
        assert [each["seq"] for each in answer["refused"]] == [2, 3, 4, 5, 7]
        assert answer["refused"][0]["reason"] == "count is 0: expected 1 to 1000000"
        assert node.counts() == {title(1): 2}
        assert sum(node.ingest.counters.refused.values()) == 5


async def test_a_frame_that_is_no_map_at_all_settles_the_number_that_was_its_turn(tmp_path: Path) -> None:
    async with ingesting(tmp_path) as node:
        talker = await node.talk()
        await talker.hello()
        await talker.send({"seq": 1, **error(1)})
        await talker.stream.send_all(b"\x00\x00\x00\x03\xc1\xc1\xc1" + frame({"seq": 3, **error(1)}))
        answers = [await talker.answer()]
        while answers[-1]["ack"] < 3:
            answers.append(await talker.answer())
        (refused,) = [each for answer in answers for each in answer.get("refused", [])]
        assert refused["seq"] == 2
        assert node.counts() == {title(1): 2}


async def test_frames_may_come_in_any_pieces(tmp_path: Path) -> None:
    async with ingesting(tmp_path) as node:
        talker = await node.talk()
        data = b"".join(map(frame, [{"hello": 1, "session": SESSION}, *numbered([error(n) for n in range(3)])]))
        for start in range(0, len(data), 7):
            await talker.stream.send_all(data[start : start + 7])
            await trio.lowlevel.checkpoint()
        assert (await talker.answer())["next"] == 1
        while (await talker.answer())["ack"] < 3:
            pass
        assert node.counts() == {title(n): 1 for n in range(3)}


async def test_who_asks_is_told_signature_and_issue(tmp_path: Path) -> None:
    async with ingesting(tmp_path) as node:
        talker = await node.talk()
        await talker.hello()
        await talker.send(*numbered([error(1), error(1, want=True)]))
        (known,) = (await talker.answer())["known"]
        assert known["seq"] == 2
        assert known["signature"] in node.counting.ledger
        assert known["issue"] == f"issue of {known['signature'][:6]}"


async def test_a_shell_can_report_with_one_line_of_json(tmp_path: Path) -> None:
    async with ingesting(tmp_path) as node:
        talker = await node.talk()
        await talker.stream.send_all(b'{"message":"disk full"}\n')
        answer = await talker.line()
        assert (answer["ack"], answer["signature"][:3]) == (1, "s1-")
        await talker.stream.send_all(b'{"message":"disk full"}')  # without a line end, as printf sends it
        await talker.stream.send_eof()
        assert (await talker.line())["ack"] == 1
        assert await talker.ended()
        assert node.counts() == {"Error: disk full": 2}


async def test_records_without_a_session_are_answered_one_by_one_in_order(tmp_path: Path) -> None:
    async with ingesting(tmp_path) as node:
        talker = await node.talk()
        await talker.stream.send_all(b'{"message":"a"}\n{"message":""}\n\nnonsense\n{"message":"b"}\n')
        answers = [await talker.line() for _ in range(4)]
        assert [answer["ack"] for answer in answers] == [1, 0, 0, 1]
        assert answers[1]["refused"] == [{"reason": "message is empty: give a message or a type"}]
        assert node.counts() == {"Error: a": 1, "Error: b": 1}


async def test_json_lines_speak_sessions_too(tmp_path: Path) -> None:
    async with ingesting(tmp_path) as node:
        talker = await node.talk()
        await talker.stream.send_all(b'{"hello":1,"session":"%s"}\n' % SESSION.hex().encode())
        assert (await talker.line())["next"] == 1
        await talker.stream.send_all(b'{"seq":1,"message":"a"}\n{"seq":2,"message":"a"}\n')
        while (await talker.line())["ack"] < 2:
            pass
        assert node.counts() == {"Error: a": 2}


@pytest.mark.parametrize("hello", [{"hello": 1, "session": b"short"}, {"hello": 2, "session": SESSION}])
async def test_a_hello_that_is_not_understood_is_answered_with_what_was_expected(
    tmp_path: Path, hello: dict[str, object]
) -> None:
    async with ingesting(tmp_path) as node:
        talker = await node.talk()
        await talker.send(hello)
        assert re.search("expected 16 bytes|this node speaks 1", (await talker.answer())["error"])
        assert await talker.ended()


async def test_a_frame_that_is_too_long_ends_the_connection_before_it_is_read(tmp_path: Path) -> None:
    async with ingesting(tmp_path) as node:
        talker = await node.talk()
        await talker.stream.send_all((limits.FRAME_BYTES + 1).to_bytes(4, "big"))
        assert "at most 262144" in (await talker.answer())["error"]
        assert await talker.ended()
        lines = await node.talk()
        await lines.stream.send_all(b'{"message": "' + b"x" * limits.FRAME_BYTES)
        assert "at most 262144" in (await lines.line())["error"]


async def test_the_largest_frame_is_taken(tmp_path: Path) -> None:
    async with ingesting(tmp_path) as node:
        talker = await node.talk()
        record = error(1, logs=["x" * 1000] * 250)
        record["logs"].append("x" * (limits.FRAME_BYTES - len(frame(record)) - 1))
        await talker.send(record)
        assert (await talker.answer())["ack"] == 1


async def test_a_context_that_nests_too_deep_loses_what_is_too_deep_and_no_occurrence(tmp_path: Path) -> None:
    deep: object = 1
    for _ in range(100):
        deep = {"a": deep}
    async with ingesting(tmp_path) as node:
        talker = await node.talk()
        await talker.send(*[error(1, context={"deep": deep})] * 2)  # the first is decoded whole, a repeat is not
        answers = [await talker.answer() for _ in range(2)]
        assert [answer["ack"] for answer in answers] == [1, 1]
        assert node.counts() == {title(1): 2}
        kept = await node.store.read(lambda db: samples.of_signature(db, answers[0]["signature"]))
        assert {depth_of(msgspec.msgpack.decode(data)) for _, data in kept} == {limits.DEPTH}


def depth_of(value: object) -> int:
    """Levels of maps and lists."""
    if not isinstance(value, dict | list):
        return 0
    children = cast("dict[str, object]", value).values() if isinstance(value, dict) else cast("list[object]", value)
    return 1 + max(map(depth_of, children), default=0)


@pytest.mark.parametrize("pieces", [1, 2, 3, 5])
async def test_a_line_that_is_too_long_ends_the_connection_however_it_was_sent(tmp_path: Path, pieces: int) -> None:
    line = b'{"message": "' + b"x" * limits.FRAME_BYTES + b'"}\n'
    step = len(line) // pieces + 1
    async with ingesting(tmp_path) as node:
        talker = await node.talk()
        await talker.stream.send_all(b'{"message": "before"}\n')
        assert (await talker.line())["ack"] == 1
        for start in range(0, len(line), step):
            with contextlib.suppress(trio.BrokenResourceError):  # the end need not be waited for
                await talker.stream.send_all(line[start : start + step])
        assert "at most 262144" in (await talker.line())["error"]
        assert await talker.ended()
        assert node.ingest.counters.ended == 1


async def test_the_longest_line_is_taken(tmp_path: Path) -> None:
    line = b'{"message": "x", "more": "' + b"x" * (limits.FRAME_BYTES - 28) + b'"}'
    assert len(line) == limits.FRAME_BYTES
    async with ingesting(tmp_path) as node:
        for end in (b"\n", b""):
            talker = await node.talk()
            await talker.stream.send_all(line + end)
            await talker.stream.send_eof()
            assert (await talker.line())["ack"] == 1


async def test_numbers_larger_than_messagepack_holds_are_shown_as_text_or_refused(tmp_path: Path) -> None:
    async with ingesting(tmp_path) as node:
        talker = await node.talk()
        large = "1" + "0" * 30
        for each in ('"context":{"id":%s}', '"exceptions":[{"type":"A","parent":%s}]'):
            await talker.stream.send_all(('{"message":"large",' + each % large + "}\n").encode())
        frames = '{"message":"large","exceptions":[{"type":"A","frames":[{"line":%s}]}]}\n'
        await talker.stream.send_all((frames % large).encode())
        answers = [await talker.line() for _ in range(3)]
        assert [answer["ack"] for answer in answers] == [1, 0, 0]
        ((_, data),) = await node.store.read(lambda db: samples.of_signature(db, answers[0]["signature"]))
        assert decode(data).context["id"] == large


async def test_a_secret_in_service_or_release_is_not_counted_under(tmp_path: Path) -> None:
    async with ingesting(tmp_path) as node:
        talker = await node.talk()
        secret = "ghp_" + "a1B2" * 9
        await talker.send(error(1, service="https://bot:tr0ub4dor@git.example/shop", release=secret))
        await talker.answer()
        (total,) = [node.counting.ledger.total([each]) for each in node.counting.ledger.signatures()]
        assert total
        assert (dict(total.services), dict(total.releases)) == (
            {"https://bot:[redacted]@git.example/shop": 1},
            {"[redacted]": 1},
        )


async def test_a_record_that_breaks_its_naming_is_refused_and_the_others_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(naming: FakeNaming, record: ErrorRecord) -> None:
        raise ZeroDivisionError(naming, record)

    async with ingesting(tmp_path) as node:
        with monkeypatch.context() as broken:
            broken.setattr(FakeNaming, "sign", fails)
            talker = await node.talk()
            await talker.send(error(1))
            assert "ZeroDivisionError" in (await talker.answer())["refused"][0]["reason"]
        await talker.send(error(1))
        assert (await talker.answer())["ack"] == 1


async def test_connections_beyond_the_bound_are_told_to_come_back(tmp_path: Path) -> None:
    async with ingesting(tmp_path, ingest__connections=2) as node:
        first, second, third = await node.talk(), await node.talk(), await node.talk()
        await first.hello()
        await second.hello(b"t" * 16)
        await third.send({"hello": 1, "session": SESSION})
        assert await third.answer() == {"error": "busy", "retry": True}
        assert await third.ended()
        await first.send(*numbered([error(1)]))
        assert await first.answer() == {"ack": 1}


async def test_a_user_that_sends_too_fast_is_told_so_and_what_was_taken_counts(tmp_path: Path) -> None:
    async with ingesting(tmp_path, ingest__rate_per_user=10) as node:
        talker = await node.talk()
        await talker.hello()
        await talker.send(*numbered([error(1)] * 30))
        assert await talker.answer() == {"ack": 30}
        await talker.send(*numbered([error(1)], first=31))
        assert await talker.answer() == {"error": "rate", "retry": True}
        assert node.counts() == {title(1): 30}


async def test_nothing_is_acknowledged_while_the_store_fails_and_resending_counts_once(tmp_path: Path) -> None:
    def run(statement: str) -> list[Operation]:
        return [lambda db: db.execute(statement)]

    async with ingesting(tmp_path) as node:
        talker = await node.talk()
        await talker.hello()
        await talker.send(*numbered([error(1)]))
        assert await talker.answer() == {"ack": 1}
        await node.store.commit(run("CREATE TRIGGER no BEFORE INSERT ON sessions BEGIN SELECT RAISE(ABORT, 'no'); END"))
        await talker.send(*numbered([error(1)] * 5, first=2))
        assert await talker.answer() == {"error": "storage", "retry": True}
        assert await talker.ended()
        assert node.counts() == {title(1): 1}
        await node.store.commit(run("DROP TRIGGER no"))
        again = await node.talk()
        assert (await again.hello())["next"] == 2
        await again.send(*numbered([error(1)] * 5, first=2))
        assert await again.answer() == {"ack": 6}
        assert node.counts() == {title(1): 6}


async def test_times_outside_of_what_is_remembered_are_moved_to_its_ends(tmp_path: Path) -> None:
    async with ingesting(tmp_path) as node:
        talker = await node.talk()
        for time in (NOW - 100, NOW + 5000, 5.0, "2023-11-14T22:00:00Z", "nonsense"):
            await talker.send(error(1, time=time))
            await talker.answer()
        total = node.counting.ledger.total(node.counting.ledger.signatures())
        assert total is not None
        assert (total.first, total.last) == (NOW - 30 * 86_400, NOW)


async def test_records_without_a_service_get_the_default(tmp_path: Path) -> None:
    async with ingesting(tmp_path, node__service_default="cron") as node:
        talker = await node.talk()
        await talker.send(error(1), error(1, service="web"))
        await talker.answer()
        await talker.answer()
        total = node.counting.ledger.total(node.counting.ledger.signatures())
        assert total is not None
        assert total.services == {"cron": 1, "web": 1}


async def test_samples_are_two_a_day_redacted_and_say_who_sent_them(tmp_path: Path) -> None:
    async with ingesting(tmp_path) as node:
        talker = await node.talk()
        secret = "ghp_" + "A" * 36
        record = error(1, logs=[f"token={secret}"], context={"password": "hunter2hunter2"})
        await talker.send(*[record] * 50)
        answer = [await talker.answer() for _ in range(50)][-1]
        await node.until(lambda: not node.ingest.desk.sampler.waiting)
        kept = await node.store.read(lambda db: samples.of_signature(db, answer["signature"]))
        total = node.counting.ledger.total([answer["signature"]])
        assert total is not None
        assert {each for each, _ in kept} >= set(total.samples)
        assert len(kept) == 2
        for _, data in kept:
            assert b"sender" in data
            assert secret.encode() not in data
            assert b"hunter2" not in data
    assert not any(secret.encode() in path.read_bytes() for path in (tmp_path / "state").iterdir())


async def test_samples_of_a_burst_are_kept_after_the_counting(tmp_path: Path) -> None:
    async with ingesting(tmp_path) as node:
        talker = await node.talk()
        await talker.hello()
        await talker.send(*numbered([error(n) for n in range(40)]))
        while (await talker.answer())["ack"] < 40:
            pass

        await node.until(lambda: not node.ingest.desk.sampler.waiting)
    async with open_store(tmp_path / "state") as store:
        kept = await store.read(lambda db: db.execute("SELECT count(DISTINCT signature) FROM samples").fetchone())
        assert kept == (40,)


async def test_datagrams_are_counted_without_an_answer(tmp_path: Path) -> None:
    async with ingesting(tmp_path) as node:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.connect(str(node.places.datagram))
            sender.send(b'{"message":"a"}')
            sender.send(frame(error(1))[4:])
            sender.send(b"nonsense")
        await node.until(lambda: node.ingest.counters.datagrams == 3 and sum(node.counts().values()) == 2)
        assert node.counts() == {"Error: a": 1, title(1): 1}
        assert sum(node.ingest.counters.refused.values()) == 1


async def test_sockets_are_for_owner_and_group_and_are_gone_afterwards(tmp_path: Path) -> None:
    async with ingesting(tmp_path) as node:
        for path in (node.places.ingest, node.places.datagram):
            mode = path.stat().st_mode
            assert stat.S_ISSOCK(mode)
            assert stat.S_IMODE(mode) == 0o660
    assert not node.places.ingest.exists()
    assert not node.places.datagram.exists()


def test_a_socket_that_a_dead_node_left_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "ingest.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    bound = bind(path, socket.SOCK_STREAM, 0o600)
    with socket.socket(socket.AF_UNIX) as probe:
        probe.connect(str(path))
    bound.close()


def test_a_socket_of_a_living_node_is_not_taken_away(tmp_path: Path) -> None:
    path = tmp_path / "ingest.sock"
    bound = bind(path, socket.SOCK_STREAM, 0o600)
    with pytest.raises(SocketError, match="another node listens there"):
        bind(path, socket.SOCK_STREAM, 0o600)
    bound.close()


def test_what_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "ingest.sock"
    path.write_text("precious")
    with pytest.raises(SocketError, match="no socket"):
        bind(path, socket.SOCK_STREAM, 0o600)
    assert path.read_text() == "precious"
    with pytest.raises(SocketError, match="too long"):
        bind(tmp_path / ("x" * 100), socket.SOCK_STREAM, 0o600)
    with pytest.raises(SocketError, match="no group"):
        bind(tmp_path / "other.sock", socket.SOCK_STREAM, 0o600, "no-such-group-here")


async def test_when_it_ends_what_was_taken_is_acknowledged_and_the_rest_told(tmp_path: Path) -> None:
    async with ingesting(tmp_path) as node:
        talker, other = await node.talk(), await node.talk()
        await talker.hello()
        await other.hello(b"t" * 16)
        await talker.send(*numbered([error(1)] * 10))
        await node.until(lambda: node.ingest.counters.records == 10)
        node.talkers = []  # they outlive the node
        node.scope.cancel()
    async with talker.stream, other.stream:
        answers = [await talker.answer(), await talker.answer()]
        assert answers == [{"ack": 10}, {"error": "stopping", "retry": True}]
        assert await other.answer() == {"error": "stopping", "retry": True}
        assert await other.ended()


async def test_when_it_ends_who_has_connected_to_say_one_thing_is_heard_out(
    tmp_path: Path, mock_clock: trio.testing.MockClock
) -> None:
    mock_clock.rate = 1.0
    async with ingesting(tmp_path) as node:
        shell, quiet = await node.talk(), await node.talk()
        await node.until(lambda: node.ingest.counters.connections == 2)
        mock_clock.rate = 0.0  # the moment in which they are heard out lasts as long as the test wants
        node.scope.cancel()
        with trio.CancelScope(shield=True):
            await trio.testing.wait_all_tasks_blocked(0.01)  # so that it is ending when the line comes
            await shell.stream.send_all(msgspec.json.encode(error(1)) + b"\n")
            await shell.stream.send_eof()
            assert (await shell.line())["ack"] == 1
            mock_clock.jump(receive.LAST_WORDS)
            assert await quiet.answer() == {"error": "stopping", "retry": True}
            shell.stream.socket.close()
    assert node.counts() == {"Error1: step 1 failed": 1}


async def test_who_stays_in_the_middle_of_a_frame_is_ended(tmp_path: Path, mock_clock: trio.testing.MockClock) -> None:
    async with ingesting(tmp_path) as node:
        talker, quiet = await node.talk(), await node.talk()
        await quiet.hello()
        await talker.stream.send_all(frame({"seq": 1, **error(1)})[:20])
        await node.until(lambda: node.ingest.counters.connections == 2)
        await trio.testing.wait_all_tasks_blocked(0.01)
        mock_clock.jump(receive.PATIENCE + 2 * receive.SWEEP)
        assert "nothing came" in (await talker.answer())["error"]
        assert await talker.ended()
        await quiet.send(*numbered([error(1)]))  # who only waits between records is not in the middle of anything
        assert await quiet.answer() == {"ack": 1}


async def test_who_does_not_take_its_answers_is_not_read_until_it_does(tmp_path: Path) -> None:
    async with ingesting(tmp_path) as node:
        talker = await node.talk()
        records = [{"message": "m" * 200} for _ in range(4000)]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(talker.send, *records)
            for _ in range(len(records)):
                assert (await talker.answer())["ack"] == 1
        assert node.counts() == {"Error: " + "m" * 113: 4000}


async def test_nothing_is_read_while_the_growing_batch_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "REPEATS", 10)
    async with ingesting(tmp_path) as node:
        talkers = [await node.talk() for _ in range(4)]
        for number, talker in enumerate(talkers):
            await talker.hello(bytes([number]) * 16)
        node.gate.shut()
        for talker in talkers:  # the first is on its way, the second fills what grows, the others have to wait
            await talker.send(*numbered([error(n) for n in range(10)]))
            await trio.testing.wait_all_tasks_blocked(0.01)
        assert node.ingest.counters.records == 20
        node.gate.open.set()
        for talker in talkers:
            assert await talker.answer() == {"ack": 10}
        assert node.counts() == {title(n): 4 for n in range(10)}


async def test_what_grew_behind_a_batch_that_fails_is_refused_with_it(tmp_path: Path) -> None:
    async with ingesting(tmp_path) as node:
        talker, other = await node.talk(), await node.talk()
        await talker.hello()
        await other.hello(b"t" * 16)
        node.gate.shut()
        await talker.send(*numbered([error(1)] * 5))
        await trio.testing.wait_all_tasks_blocked(0.01)
        await talker.send(*numbered([error(1)] * 5, first=6))
        await other.send(*numbered([error(2)]))
        await trio.testing.wait_all_tasks_blocked(0.01)
        node.gate.trouble = StoreError(Trouble.FULL, tmp_path)
        node.gate.open.set()
        for each in (talker, other):
            assert await each.answer() == {"error": "storage", "retry": True}
            assert await each.ended()
        node.gate.trouble = None
        again = await node.talk()
        assert (await again.hello())["next"] == 1
        await again.send(*numbered([error(1)] * 10))
        assert await again.answer() == {"ack": 10}
        assert node.counts() == {title(1): 10}


async def test_a_session_that_moves_to_a_new_connection_while_its_batch_is_on_its_way_counts_once(
    tmp_path: Path,
) -> None:
    async with ingesting(tmp_path) as node:
        talker = await node.talk()
        await talker.hello()
        node.gate.shut()
        await talker.send(*numbered([error(1)] * 5))
        await trio.testing.wait_all_tasks_blocked(0.01)
        talker.stream.socket.close()
        again = await node.talk()
        assert (await again.hello())["next"] == 1  # nothing is on disk yet, so nothing may be let go
        await again.send(*numbered([error(1)] * 7))
        await trio.testing.wait_all_tasks_blocked(0.01)
        node.gate.open.set()
        assert await again.answer() == {"ack": 7}
        assert node.counts() == {title(1): 7}


async def test_what_was_forgotten_of_a_repeat_is_signed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats, "GENERATION", 4)
    async with ingesting(tmp_path) as node:
        talker = await node.talk()
        await talker.hello()
        await talker.send(*numbered([error(n % 20) for n in range(100)]))
        while (await talker.answer())["ack"] < 100:
            pass
        assert node.counts() == {title(n): 5 for n in range(20)}
        assert node.ingest.desk.repeats.signed == 100


async def test_a_record_belongs_to_the_window_in_which_it_was_received(tmp_path: Path) -> None:
    clock = FakeClock()
    async with ingesting(tmp_path, clock) as node:
        talker = await node.talk()
        for _ in range(2):
            await talker.send(error(1, time=NOW))
            await talker.answer()
            clock.time += 900
        (signature,) = node.counting.ledger.signatures()
        windows = [key.window for key in node.counting.ledger.tallies(signature)]
        assert windows == [NOW // 900 * 900, NOW // 900 * 900 + 900]
