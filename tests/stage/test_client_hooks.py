"""Each place where Python tells of an uncaught error, in a real process, and what the user of it sees."""

import signal
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.stage.fake_node import FakeNode
from tests.stage.programs import SECONDS, run, start

NOTICE = "An error occurred and has been automatically reported"
FAILING = """
def inner():
    raise ValueError("boom")

def main():
    inner()

main()
"""


@pytest.fixture
def node(tmp_path: Path) -> Generator[FakeNode]:
    with FakeNode(tmp_path / "ingest.sock") as node:
        yield node


def without_notice(text: str) -> str:
    return text.split(NOTICE)[0]


def installed(code: str) -> str:
    """`code` with the client in it, every line at the same place."""
    return code.replace("\n", "import aggregator; aggregator.install()\n", 1)


def test_main_program_reports_and_fails_as_it_would_have(tmp_path: Path, node: FakeNode) -> None:
    bare = run(tmp_path, FAILING)
    ours = run(tmp_path, installed(FAILING))
    (record,) = node.wait_records(1)
    assert (ours.returncode, ours.stdout, without_notice(ours.stderr)) == (1, "", bare.stderr)
    assert (record["type"], record["message"], record["ended"]) == ("ValueError", "boom", True)
    assert [frame["function"] for frame in record["exceptions"][0]["frames"]] == ["<module>", "main", "inner"]
    assert record["exceptions"][0]["frames"][-1]["source"] == 'raise ValueError("boom")'


def test_notice_names_the_signature_until_there_is_an_issue(tmp_path: Path, node: FakeNode) -> None:
    first = run(tmp_path, installed(FAILING)).stderr
    node.manners.known = {"signature": "s1-ab", "issue": "https://github.com/o/r/issues/7\x1b[31m"}
    second = run(tmp_path, installed(FAILING)).stderr
    assert f"{NOTICE}: queued as s1-{'0' * 32}\n" in first
    assert f"{NOTICE}: https://github.com/o/r/issues/7[31m\n" in second
    assert "will attempt to fix" in first


def test_no_notice_without_an_accepted_report(tmp_path: Path, node: FakeNode) -> None:
    node.manners.refuse = "rate"
    assert NOTICE not in run(tmp_path, installed(FAILING)).stderr
    node.stop()
    assert NOTICE not in run(tmp_path, installed(FAILING), patient=False).stderr


@pytest.mark.parametrize("form", ["import aggregator", "import aggregator; aggregator.install()"])
def test_disabled_or_not_installed_nothing_differs(tmp_path: Path, node: FakeNode, form: str) -> None:
    bare = run(tmp_path, FAILING)
    code = FAILING.replace("\n", f"{form}\n", 1)
    ours = run(tmp_path, code, AGGREGATOR_DISABLED="1" if "install" in form else "")
    assert (ours.returncode, ours.stdout, ours.stderr) == (bare.returncode, bare.stdout, bare.stderr)
    assert node.connections == 0
    assert not (tmp_path / "spool").exists()


def test_previous_hooks_are_called(tmp_path: Path, node: FakeNode) -> None:
    done = run(tmp_path, """
        import sys, threading, aggregator
        sys.excepthook = lambda *args: print("main", args[0].__name__)
        threading.excepthook = lambda args: print("thread", args.exc_type.__name__)
        sys.unraisablehook = lambda args: print("unraisable", args.exc_type.__name__)
        aggregator.install()
        aggregator.install(service="again")
        class Bad:
            def __del__(self): raise OSError("in del")
        Bad()
        def work(): raise KeyError("in thread")
        thread = threading.Thread(target=work, name="worker-7"); thread.start(); thread.join()
        raise ValueError("in main")
    """)  # fmt: skip
    assert done.stdout.split("\n") == ["unraisable OSError", "thread KeyError", "main ValueError", ""]
    records = node.wait_records(3)
    assert [record["type"] for record in records] == ["OSError", "KeyError", "ValueError"]
    assert [record["service"] for record in records] == ["again"] * 3
    assert records[1]["context"]["thread"] == "worker-7"
    assert [record.get("ended", False) for record in records] == [False, False, True]


@pytest.mark.parametrize(
    "stop", ["raise KeyboardInterrupt", "raise SystemExit(4)", "import asyncio; raise asyncio.CancelledError",
             "raise BaseExceptionGroup('g', [KeyboardInterrupt()])"],
)  # fmt: skip
def test_stops_are_not_reported(tmp_path: Path, node: FakeNode, stop: str) -> None:
    bare, ours = run(tmp_path, f"\n{stop}\n"), run(tmp_path, f"import aggregator; aggregator.install()\n{stop}\n")
    assert (ours.returncode, ours.stderr) == (bare.returncode, bare.stderr)
    assert node.connections == 0


def test_a_reader_of_stdout_that_went_away_is_no_error_another_broken_pipe_is(tmp_path: Path, node: FakeNode) -> None:
    code = """
        import os, sys, aggregator
        aggregator.install()
        sys.stdin.readline()
        {}
        print("x", flush=True)
    """
    with start(tmp_path, code.format("")) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.close()
        process.stdin.write("\n")
        process.stdin.close()
        process.wait(SECONDS)
    assert node.connections == 0
    run(tmp_path, code.format("r, w = os.pipe(); os.close(r); os.write(w, b'x')"))
    assert node.wait_records(1)[0]["type"] == "BrokenPipeError"


def test_asyncio_reports_what_nobody_awaited(tmp_path: Path, node: FakeNode) -> None:
    run(tmp_path, """
        import asyncio, aggregator
        aggregator.install()
        async def lost(): raise LookupError("nobody awaits me")
        async def main():
            task = asyncio.create_task(lost())
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            del task
        asyncio.run(main())
    """)  # fmt: skip
    assert [record["type"] for record in node.wait_records(1)] == ["LookupError"]


LOGGING = """
    import logging, aggregator
    aggregator.install(log_lines={lines})
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    for number in range({logged}): logging.getLogger("app").info("line %d", number)
    1 / 0
"""


@pytest.mark.parametrize(("lines", "logged", "first"), [(50, 60, 10), (200, 250, 50), (100, 10, 0), (0, 10, 10)])
def test_the_last_lines_go_with_the_record_in_order(
    tmp_path: Path, node: FakeNode, lines: int, logged: int, first: int
) -> None:
    done = run(tmp_path, LOGGING.format(lines=lines, logged=logged))
    logs = node.wait_records(1)[0]["logs"]
    assert [line.split(" app: ")[1] for line in logs] == [f"line {number}" for number in range(first, logged)]
    assert done.stderr.splitlines()[:logged] == [f"line {number}" for number in range(logged)]


def test_the_last_resort_of_logging_still_speaks(tmp_path: Path, node: FakeNode) -> None:
    code = "import logging, aggregator; aggregator.install(); logging.getLogger('a').warning('seen %s', 'once')"
    assert run(tmp_path, code).stderr == "seen once\n"


def test_a_fork_is_a_session_of_its_own_with_its_own_lines(tmp_path: Path, node: FakeNode) -> None:
    run(tmp_path, """
        import logging, os, aggregator
        aggregator.install()
        logging.warning("of the parent")
        aggregator.report("before")
        aggregator.flush(60)
        if pid := os.fork():
            os.waitpid(pid, 0)
            aggregator.report("parent")
        else:
            logging.warning("of the child")
            aggregator.report("child")
    """)  # fmt: skip
    records = node.wait_records(3)
    sessions = {record["message"]: session for session, record in node.seen}
    assert sessions["before"] == sessions["parent"] != sessions["child"]
    logs = {record["message"]: " ".join(record["logs"]) for record in records}
    assert "of the child" in logs["child"]
    assert "of the parent" not in logs["child"]
    assert len({record["id"] for record in records}) == 3


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_children_of_multiprocessing_send_before_they_end(tmp_path: Path, node: FakeNode, method: str) -> None:
    run(tmp_path, f"""
        import multiprocessing, aggregator
        def work():
            aggregator.install()
            aggregator.report("from a child")
        if __name__ == "__main__":
            process = multiprocessing.get_context("{method}").Process(target=work)
            process.start()
            process.join()
    """)  # fmt: skip
    assert node.wait_records(1)[0]["message"] == "from a child"


def test_a_closed_connection_does_not_kill_where_sigpipe_does(tmp_path: Path, node: FakeNode) -> None:
    node.manners.drop_connections = 3
    done = run(tmp_path, """
        import signal, aggregator
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        aggregator.install()
        for number in range(5):
            aggregator.report(f"message {number}")
            aggregator.flush(20)
    """)  # fmt: skip
    assert done.returncode == 0 != -signal.SIGPIPE
    assert len(node.wait_records(1)) >= 1


def test_only_the_standard_library_is_needed_and_nothing_heavy_is_loaded(tmp_path: Path, node: FakeNode) -> None:
    done = run(tmp_path, """
        import sys
        class Blocker:
            def find_spec(self, name, path=None, target=None):
                if name.partition(".")[0] not in {*sys.stdlib_module_names, "aggregator"}:
                    raise ImportError(f"{name} is not there")
        sys.meta_path.insert(0, Blocker())
        import aggregator
        aggregator.install()
        aggregator.report("plain python", context={"answer": 42})
        print(aggregator.flush(60))
        heavy = ("msgspec", "msgpack", "trio", "asyncio", "typing", "dataclasses")
        print([name for name in heavy if name in sys.modules])
    """, "-S")  # fmt: skip
    assert done.stdout == "True\n[]\n"
    assert node.bytes.startswith(b'{"hello":1,')
    assert node.records[0]["context"]["answer"] == 42


def test_importing_loads_nothing(tmp_path: Path) -> None:
    code = "import sys; before = set(sys.modules); import aggregator; print(sorted(set(sys.modules) - before))"
    assert run(tmp_path, code).stdout == "['aggregator']\n"
