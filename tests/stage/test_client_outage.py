"""The node hangs, is away, is killed, comes back, forgets: nothing is counted twice, nothing spooled is lost."""

import os
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

import aggregator
from aggregator.client import api, courier, outbox, worker
from aggregator.client.deliveries import ERRORS_BEFORE_DROP
from aggregator.client.spool import Spool
from tests.stage.fake_node import PATIENCE, FakeNode, read_spool
from tests.stage.programs import run


@pytest.fixture
def node(tmp_path: Path) -> Generator[FakeNode]:
    with FakeNode(tmp_path / "ingest.sock") as node:
        yield node


@pytest.fixture
def client(tmp_path: Path) -> Generator[None]:
    """The client in this process, without hooks."""
    install(tmp_path)
    yield
    api.uninstall()


def install(folder: Path, **options: str) -> None:
    given = {"socket": str(folder / "ingest.sock"), "spool": str(folder / "spool"), **options}
    aggregator.install("test", hooks=(), **given)  # pyright: ignore[reportArgumentType] - on_absent is a str here


def spools(folder: Path) -> list[Path]:
    return sorted((folder / "spool").glob("*"))


def report(first: int, last: int) -> None:
    for number in range(first, last):
        aggregator.report(f"message {number}")


def counts() -> dict[str, int]:
    return {name: value for name, value in aggregator.statistics().items() if isinstance(value, int)}


def dropped() -> dict[str, int]:
    found = aggregator.statistics()["dropped"]
    assert isinstance(found, dict)
    return found


def until(true: Callable[[], bool]) -> None:
    """Wait for what the sender thread does and tells nobody."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, aggregator.statistics()
        time.sleep(0.01)


def assert_exactly(node: FakeNode, count: int) -> None:
    """The node has counted messages 0 to `count` - 1, each once and in order."""
    node.wait_records(count)
    assert [record["message"] for record in node.records] == [f"message {number}" for number in range(count)]


@pytest.mark.usefixtures("client")
def test_what_is_acknowledged_is_over(tmp_path: Path, node: FakeNode) -> None:
    report(0, 300)
    assert aggregator.flush(PATIENCE)
    assert_exactly(node, 300)
    assert counts() == {"captured": 300, "sent": 300, "acknowledged": 300, "spooled": 0}
    assert spools(tmp_path) == []
    assert len({session for session, _ in node.seen}) == 1


@pytest.mark.usefixtures("client")
def test_lost_acknowledgements_count_nothing_twice(node: FakeNode) -> None:
    node.manners.lose_acks = 2
    for number in range(6):
        report(number, number + 1)
        aggregator.flush(1)
    assert aggregator.flush(PATIENCE)
    assert_exactly(node, 6)


@pytest.mark.usefixtures("client")
def test_a_connection_that_breaks_before_anything_was_taken_loses_nothing(node: FakeNode) -> None:
    node.manners.drop_connections = 2
    report(0, 5)
    assert_exactly(node, 5)


@pytest.mark.usefixtures("client")
def test_an_absent_node_gets_it_in_order_when_it_comes(tmp_path: Path) -> None:
    report(0, 20)
    assert not aggregator.flush(PATIENCE)
    (path,) = spools(tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600
    session, records = read_spool(path)
    assert path.name == f"{session.hex()}.spool"
    assert [record["seq"] for record in records] == list(range(1, 21))
    report(20, 25)
    with FakeNode(tmp_path / "ingest.sock") as node:
        report(25, 30)
        assert aggregator.flush(PATIENCE)
        assert_exactly(node, 30)
        assert {session for session, _ in node.seen} == {session}
    assert spools(tmp_path) == []
    assert counts()["spooled"] >= 20


NODE_GROUP = 4242


@pytest.mark.parametrize(("mode", "file_mode"), [(0o3733, 0o640), (0o1733, 0o600)])
def test_in_the_directory_of_all_users_the_node_may_read(tmp_path: Path, mode: int, file_mode: int) -> None:
    directory = tmp_path / "shared"
    directory.mkdir()
    chown_as_root(directory, 65534, NODE_GROUP)
    directory.chmod(mode)
    found = spooled_in(directory)
    assert found.st_mode & 0o777 == file_mode
    assert (found.st_gid == NODE_GROUP) is (file_mode == 0o640)


def test_in_ones_own_directory_nobody_else_may_read(tmp_path: Path) -> None:
    tmp_path.chmod(0o2770)
    assert spooled_in(tmp_path).st_mode & 0o777 == 0o600


def spooled_in(directory: Path) -> os.stat_result:
    spool = Spool(str(directory), b"s" * 16, b"hello", 1, 1000)
    found = os.stat(spool.path)
    spool.remove()
    return found


def chown_as_root(path: Path, user: int, group: int) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a directory to the node's user")
    os.chown(path, user, group)


@pytest.mark.usefixtures("client")
def test_a_node_that_is_killed_midway_and_comes_back_counts_everything_once(node: FakeNode) -> None:
    for turn in range(4):
        report(turn * 50, turn * 50 + 50)
        if turn % 2:
            aggregator.flush(1)
        node.stop()
        node.start()
    assert aggregator.flush(PATIENCE)
    assert_exactly(node, 200)


@pytest.mark.usefixtures("client")
def test_a_node_that_lost_its_database_gets_the_rest_in_a_new_session(tmp_path: Path, node: FakeNode) -> None:
    report(0, 5)
    assert aggregator.flush(PATIENCE)
    node.stop()
    report(5, 10)
    assert not aggregator.flush(PATIENCE)
    node.forget_sessions()
    node.start()
    assert_exactly(node, 10)
    assert aggregator.flush(PATIENCE)
    assert spools(tmp_path) == []


@pytest.mark.usefixtures("client")
def test_what_an_idle_connection_was_closed_on_is_not_noticed_by_anybody(tmp_path: Path, node: FakeNode) -> None:
    report(0, 1)
    assert aggregator.flush(PATIENCE)
    node.stop()
    node.start()
    report(1, 2)
    assert aggregator.flush(PATIENCE)
    assert_exactly(node, 2)
    assert counts()["spooled"] == 0


@pytest.mark.usefixtures("client")
def test_refusals_are_counted_by_reason_and_are_final(node: FakeNode) -> None:
    node.manners.refuse = "count is 0"
    report(0, 3)
    assert aggregator.flush(PATIENCE)
    assert aggregator.statistics()["refused"] == {"count is 0": 3}
    assert counts()["acknowledged"] == 0


@pytest.mark.usefixtures("client")
def test_a_node_that_asks_to_come_later_is_asked_later(node: FakeNode) -> None:
    node.manners.error = {"error": "busy", "retry": True}
    report(0, 3)
    assert not aggregator.flush(PATIENCE)
    node.manners.error = None
    assert_exactly(node, 3)


@pytest.mark.usefixtures("client")
def test_a_record_that_the_node_cannot_stand_does_not_block_the_others(node: FakeNode) -> None:
    node.manners.error, node.manners.errors = {"error": "bad frame"}, ERRORS_BEFORE_DROP
    report(0, 2)
    until(lambda: node.manners.errors == 0)
    assert aggregator.flush(PATIENCE)
    assert [record["message"] for record in node.wait_records(1)] == ["message 1"]
    assert dropped() == {"node: bad frame": 1}


def test_a_hung_node_costs_bounded_memory_and_what_is_too_much_is_counted(
    tmp_path: Path, node: FakeNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "MEMORY_RECORDS", 10)
    monkeypatch.setattr(worker, "QUEUE_RECORDS", 40)
    node.manners.hang = True
    monkeypatch.setenv("AGGREGATOR_ON_ABSENT", "drop")
    install(tmp_path)
    try:
        report(0, 100)
        assert not aggregator.flush(0.2)
        until(lambda: sum(dropped().values()) == 90)
        assert spools(tmp_path) == []
    finally:
        api.uninstall()


def test_a_hung_node_makes_room_on_disk(tmp_path: Path, node: FakeNode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "MEMORY_RECORDS", 10)
    node.manners.hang = True
    install(tmp_path)
    try:
        report(0, 100)
        assert not aggregator.flush(0.2)
        until(lambda: counts()["spooled"] == 100)
        assert len(read_spool(spools(tmp_path)[0])[1]) == 100
    finally:
        api.uninstall()


@pytest.mark.usefixtures("client")
def test_a_node_that_falls_silent_is_left_and_tried_again(
    tmp_path: Path, node: FakeNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier, "ANSWER_SECONDS", 0.2)
    node.manners.hold_acks = True
    report(0, 3)
    node.wait(lambda: node.connections >= 2)
    node.manners.hold_acks = False
    until(lambda: aggregator.flush(PATIENCE))
    assert_exactly(node, 3)


def test_a_full_spool_keeps_the_first_records_and_counts_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "MEMORY_RECORDS", 5)
    install(tmp_path)
    try:
        client = api.installed()
        assert client is not None
        client.settings.spool_bytes = 20_000
        report(0, 100)
        aggregator.flush(PATIENCE)
        _, records = read_spool(spools(tmp_path)[0])
        assert dropped()["spool full"] == 100 - len(records) - 5
        assert [record["message"] for record in records] == [f"message {number}" for number in range(len(records))]
    finally:
        api.uninstall()


def test_a_dying_program_leaves_its_records_to_the_node_and_is_not_held_up(tmp_path: Path) -> None:
    code = """
        import aggregator
        aggregator.install()
        1 / 0
    """
    assert run(tmp_path, code, patient=False).returncode == 1
    with FakeNode(tmp_path / "ingest.sock") as node:
        node.manners.hang = True
        assert run(tmp_path, code, patient=False).returncode == 1
    records = [read_spool(path)[1] for path in spools(tmp_path)]
    assert [[record["type"] for record in one] for one in records] == [["ZeroDivisionError"]] * 2


def test_dropping_is_a_choice(tmp_path: Path) -> None:
    run(tmp_path, "import aggregator; aggregator.install(on_absent='drop'); 1 / 0", patient=False)
    assert not (tmp_path / "spool").exists()


def test_a_socket_of_somebody_else_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "ingest.sock").write_text("a file")
    run(tmp_path, "import aggregator; aggregator.install(); 1 / 0", patient=False)
    assert (tmp_path / "ingest.sock").read_text() == "a file"
    assert len(spools(tmp_path)) == 1


def test_a_link_in_the_spool_directory_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "spool").mkdir()
    (tmp_path / "victim").write_text("precious")
    monkeypatch.setattr("os.urandom", bytes)  # of so many zeros
    (tmp_path / "spool" / f".{'00' * 16}.new").symlink_to(tmp_path / "victim")
    install(tmp_path)
    try:
        report(0, 1)
        aggregator.flush(1)
        assert (tmp_path / "victim").read_text() == "precious"
    finally:
        api.uninstall()


def test_a_program_that_closes_all_descriptors_keeps_its_files_clean(tmp_path: Path, node: FakeNode) -> None:
    run(tmp_path, f"""
        import os, aggregator
        aggregator.install()
        aggregator.report("message 0")
        aggregator.flush(60)
        os.closerange(3, 64)
        files = [open(f"{tmp_path}/file{{number}}", "w") for number in range(8)]
        aggregator.report("message 1")
        aggregator.flush(60)
        for file in files: file.close()
    """)  # fmt: skip
    assert_exactly(node, 2)
    assert [(tmp_path / f"file{number}").read_bytes() for number in range(8)] == [b""] * 8


@pytest.mark.usefixtures("client")
def test_a_storm_becomes_few_records_that_stand_for_many(node: FakeNode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "QUEUE_RECORDS", 100_000)
    for _ in range(5_000):
        aggregator.report("the same")
    assert aggregator.flush(PATIENCE)
    assert sum(record.get("count", 1) for record in node.records) == 5_000
    assert len(node.records) < 5_000


def test_a_storm_while_the_node_is_away_takes_little_of_the_disk_and_is_counted_to_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "QUEUE_RECORDS", 100_000)
    install(tmp_path)
    try:
        for number in range(3_000):
            aggregator.report("the same")
            if number % 100 == 0:
                time.sleep(0.01)  # many rounds of the sender, none of them a storm by itself
        assert not aggregator.flush(PATIENCE)
        assert "dropped" not in aggregator.statistics() or not aggregator.statistics()["dropped"]
        assert len(read_spool(spools(tmp_path)[0])[1]) < 200  # what came before it was known to be away, and a few
        with FakeNode(tmp_path / "ingest.sock") as node:
            assert aggregator.flush(PATIENCE)
            assert sum(record.get("count", 1) for record in node.records) == 3_000
    finally:
        api.uninstall()


@pytest.mark.usefixtures("client")
def test_many_threads_lose_nothing_while_the_sender_comes_and_goes(
    node: FakeNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier, "IDLE_SECONDS", 0.001)
    monkeypatch.setattr(worker, "QUEUE_RECORDS", 100_000)

    def work(name: int) -> None:
        for number in range(50):
            aggregator.report(f"thread {name} number {number}")
            if number % 10 == 0:
                time.sleep(0.002)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert aggregator.flush(PATIENCE)
    messages = [record["message"] for record in node.records for _ in range(record.get("count", 1))]
    assert sorted(messages) == sorted(f"thread {name} number {number}" for name in range(6) for number in range(50))
