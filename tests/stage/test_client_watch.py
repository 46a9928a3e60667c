"""`watch` and `exec`: what runs under them behaves as it would alone, and is reported when it fails."""

import os
import signal
from collections.abc import Generator
from pathlib import Path

import pytest
import trio

import aggregator
from aggregator.client import api, notice, worker
from tests.stage.fake_node import PATIENCE, FakeNode
from tests.stage.programs import run, start

NOTICE = "An error occurred and has been automatically reported"


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[FakeNode]:
    monkeypatch.setenv("AGGREGATOR_SPOOL", str(tmp_path / "spool"))
    monkeypatch.setenv("AGGREGATOR_SOCKET", str(tmp_path / "ingest.sock"))
    monkeypatch.setattr(notice, "WAIT_SECONDS", PATIENCE)
    with FakeNode(tmp_path / "ingest.sock") as node:
        yield node
        api.uninstall()


def test_a_result_passes_through(node: FakeNode) -> None:
    @aggregator.watch
    def main(a: int, *, b: int) -> int:
        """What it does."""
        return a + b

    assert main(1, b=2) == 3
    assert main.__doc__ == "What it does."
    assert node.connections == 0


async def test_an_async_result_passes_through_under_trio_too(node: FakeNode) -> None:
    @aggregator.watch
    async def main(a: int) -> int:
        await trio.lowlevel.checkpoint()
        return a

    assert await main(5) == 5


def test_what_ends_the_program_is_reported_though_the_queue_is_full(
    node: FakeNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "QUEUE_RECORDS", 0)

    @aggregator.watch
    def main() -> None:
        aggregator.report("one of a storm")
        raise ValueError("the end")

    with pytest.raises(ValueError, match="the end"):
        main()
    (record,) = node.wait_records(1)
    assert (record["message"], aggregator.statistics()["dropped"]) == ("the end", {"queue full": 1})


def test_the_very_same_exception_is_raised_and_the_notice_printed(
    node: FakeNode, capfd: pytest.CaptureFixture[str]
) -> None:
    error = ValueError("boom")

    @aggregator.watch(service="billing")
    def main() -> None:
        raise error

    with pytest.raises(ValueError) as caught:  # noqa: PT011 - identity is what counts
        main()
    assert caught.value is error
    (record,) = node.wait_records(1)
    assert (record["service"], record["ended"]) == ("billing", True)
    assert NOTICE in capfd.readouterr().err


def test_a_block_is_watched(node: FakeNode) -> None:
    with pytest.raises(ZeroDivisionError), aggregator.watch(service="block"):
        _ = 1 / 0
    assert node.wait_records(1)[0]["type"] == "ZeroDivisionError"


async def test_cancellation_is_no_error(node: FakeNode) -> None:
    @aggregator.watch
    async def main() -> None:
        await trio.sleep_forever()

    with trio.move_on_after(0.01):
        await main()
    assert node.connections == 0


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_stops_pass_unreported(node: FakeNode, stop: type[BaseException]) -> None:
    with pytest.raises(stop), aggregator.watch():
        raise stop
    assert node.connections == 0


PROGRAM = """
import aggregator
{}
def main():
    raise ValueError("boom")

main()
"""


def test_a_watched_main_is_reported_once_and_shows_the_same_traceback(tmp_path: Path, node: FakeNode) -> None:
    bare = run(tmp_path, PROGRAM.format("# nothing"))
    ours = run(tmp_path, PROGRAM.format("@aggregator.watch"))
    assert ours.returncode == bare.returncode == 1
    assert ours.stderr.replace("@aggregator.watch", "# nothing").endswith(bare.stderr)
    assert ours.stderr.count(NOTICE) == 1
    assert len(node.wait_records(1)) == 1
    functions = [frame["function"] for frame in node.records[0]["exceptions"][0]["frames"]]
    assert functions == ["main"]


def test_asyncio_main_is_reported_and_cancellation_is_not(tmp_path: Path, node: FakeNode) -> None:
    run(tmp_path, """
        import asyncio, aggregator
        @aggregator.watch
        async def cancelled(): raise asyncio.CancelledError
        @aggregator.watch
        async def main(): raise LookupError("async")
        try: asyncio.run(cancelled())
        except asyncio.CancelledError: pass
        asyncio.run(main())
    """)  # fmt: skip
    assert [record["type"] for record in node.wait_records(1)] == ["LookupError"]


def test_disabled_watch_is_the_function_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGGREGATOR_DISABLED", "1")

    def main() -> None: ...

    assert aggregator.watch(main) is main


def test_without_install_the_calls_do_nothing() -> None:
    assert aggregator.capture(ValueError()) == ""
    assert aggregator.report("x") == ""
    assert aggregator.flush()
    assert aggregator.statistics() == {}


def test_capture_takes_context_from_an_except_block_and_answers_an_id(node: FakeNode) -> None:
    aggregator.install("shop", hooks=())
    try:
        raise KeyError("id")
    except KeyError:
        id = aggregator.capture(context={"order": 7, "arguments": [object, {1}], "environment": {"A_TOKEN": "secret!"}})
    (record,) = node.wait_records(1)
    context = record["context"]
    assert record["id"] == id != ""
    assert (context["order"], context["arguments"]) == (7, ["<class 'object'>", [1]])
    assert "secret!" not in str(record)
    for name in ("command", "cwd", "python", "platform", "arch", "host", "pid", "thread", "library"):
        assert context[name]


def test_whatever_it_is_given_capture_does_not_raise(node: FakeNode) -> None:
    class Hostile(Exception):
        def __str__(self) -> str:
            raise SystemExit

        def __getattribute__(self, name: str) -> object:
            raise RuntimeError(name)

    aggregator.install("shop", hooks=())
    bad: list[object] = ["text", 5, ValueError, Hostile()]
    for thing in bad:
        aggregator.capture(thing, context=3, fingerprint=7, severity=object())  # pyright: ignore[reportArgumentType] - on purpose
        aggregator.report(thing, type=4, count="many", logs=8)  # pyright: ignore[reportArgumentType] - on purpose
    aggregator.report("still here")
    assert aggregator.flush(PATIENCE)
    assert node.wait_records(1)[-1]["message"] == "still here"


EXEC = "import sys; from aggregator.client.exec import run; sys.exit(run(sys.argv[1:] or {argv!r}))"


def execute(folder: Path, *argv: str) -> tuple[int, str, str]:
    done = run(folder, EXEC.format(argv=list(argv)))
    return done.returncode, done.stdout, done.stderr


def test_exec_reports_a_bad_status_with_the_last_lines(tmp_path: Path, node: FakeNode) -> None:
    status, out, err = execute(tmp_path, "sh", "-c", "echo out; echo one >&2; echo two >&2; exit 3")
    (record,) = node.wait_records(1)
    assert (status, out) == (3, "out\n")
    assert err.startswith("one\ntwo\n")
    assert NOTICE in err
    assert (record["type"], record["message"]) == ("ExitStatus", "command 'sh' exited with status 3")
    assert record["logs"] == ["one", "two"]
    assert record["context"]["exit_status"] == 3
    assert record["context"]["command"].startswith("sh -c ")


def test_exec_of_a_good_command_says_nothing(tmp_path: Path, node: FakeNode) -> None:
    assert execute(tmp_path, "sh", "-c", "echo fine; echo note >&2") == (0, "fine\n", "note\n")
    assert node.connections == 0


@pytest.mark.parametrize(("name", "reported"), [("SEGV", True), ("ABRT", True), ("TERM", False), ("PIPE", False)])
def test_exec_takes_fatal_signals_as_critical_and_stops_as_none(
    tmp_path: Path, node: FakeNode, name: str, reported: bool
) -> None:
    status, _, _ = execute(tmp_path, "sh", "-c", f"kill -{name} $$")
    assert status == 128 + signal.Signals[f"SIG{name}"]
    assert node.connections == (1 if reported else 0)
    if reported:
        assert node.wait_records(1)[0]["severity"] == "critical"
        assert node.records[0]["message"] == f"command 'sh' was ended by SIG{name}"


def test_exec_of_a_command_that_is_not_there(tmp_path: Path, node: FakeNode) -> None:
    status, _, err = execute(tmp_path, "no-such-command-here")
    assert status == 127
    assert "no-such-command-here: No such file or directory" in err
    assert node.wait_records(1)[0]["message"] == "command 'no-such-command-here' not found (exit status 127)"


def test_exec_does_not_wait_for_what_the_command_left_running(tmp_path: Path, node: FakeNode) -> None:
    status, out, _ = execute(tmp_path, "sh", "-c", "sleep 600 >/dev/null & echo $!; exit 1")
    os.kill(int(out), signal.SIGKILL)
    assert status == 1


def test_exec_passes_a_termination_on(tmp_path: Path, node: FakeNode) -> None:
    code = EXEC.format(argv=["sh", "-c", "trap 'echo stopped; exit 0' TERM; echo ready; while :; do sleep 0.05; done"])
    with start(tmp_path, code) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.read() == "stopped\n"
    assert process.returncode == 0
