"""Counts of a real node: exact under load from many processes, and exact however often it is killed."""

import multiprocessing
import random
import threading
import time
from pathlib import Path

import msgspec
import pytest

from aggregator.record import ErrorRecord
from aggregator.signature import sign
from tests.fleet.harness import PATIENCE, DaemonProcess
from tests.fleet.shop import eventually
from tests.sender import Disconnected, Sender, error, new_session, numbered

PROCESSES = 8
ERRORS = 20
OCCURRENCES = 10_000
ROUNDS = [5, pytest.param(20, marks=pytest.mark.slow)]


def name(number: int) -> str:
    """What the node calls error `number`."""
    return sign(msgspec.convert(error(number), ErrorRecord)).name


def send_share(path: Path, occurrences: int) -> None:
    """One process's part: each of the errors equally often, in a session of its own."""
    sender = Sender(path)
    sender.hello(new_session())
    sender.send(*numbered([error(n % ERRORS) for n in range(occurrences)]))
    answers = sender.answers_to(occurrences)
    assert answers[-1]["ack"] == occurrences
    sender.close()


def test_10_000_occurrences_of_20_errors_from_eight_processes_at_once_are_counted_exactly(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    with DaemonProcess(tmp_path) as node:
        senders = [
            context.Process(target=send_share, args=(node.socket, OCCURRENCES // PROCESSES)) for _ in range(PROCESSES)
        ]
        for each in senders:
            each.start()
        for each in senders:
            each.join(PATIENCE)
        assert [each.exitcode for each in senders] == [0] * PROCESSES
        counts = node.counts()
        each_share = [sum(1 for n in range(OCCURRENCES // PROCESSES) if n % ERRORS == k) for k in range(ERRORS)]
        assert counts == {name(k): PROCESSES * each_share[k] for k in range(ERRORS)}
        assert sum(counts.values()) == OCCURRENCES
        assert node.stop() == 0


class Stubborn(threading.Thread):
    """A client that keeps what is not acknowledged and sends it again, in the same session, until told to finish."""

    def __init__(self, path: Path, number: int) -> None:
        super().__init__()
        self.acknowledged = 0
        self.sent = 0  # the highest number that was ever handed to the node
        self.finish = threading.Event()
        self.trouble = ""
        self._path = path
        self._number = number
        self._session = new_session()

    def run(self) -> None:
        while not self.finish.is_set() or self.acknowledged < self.sent:
            try:
                self._converse(Sender(self._path))
            except Disconnected:
                time.sleep(0.01)

    def _converse(self, sender: Sender) -> None:
        try:
            hello = sender.hello(self._session)
            if "next" not in hello:
                raise Disconnected(str(hello))
            if hello["next"] <= self.acknowledged:
                self.trouble = f"the node expects {hello}, but {self.acknowledged} were acknowledged"
                self.finish.set()
                self.sent = self.acknowledged
                return
            following = self.acknowledged + 1
            while not self.finish.is_set() or following <= self.sent:
                last = self.sent if self.finish.is_set() else following + 49
                sender.send(*({"seq": seq, **error(self._number)} for seq in range(following, last + 1)))
                self.sent = max(self.sent, last)
                for answer in sender.answers_to(last):
                    self.acknowledged = max(self.acknowledged, answer.get("ack", 0))
                    if "error" in answer:
                        raise Disconnected(str(answer))
                following = last + 1
        finally:
            sender.close()


@pytest.mark.parametrize("rounds", ROUNDS)
def test_no_acknowledged_record_is_lost_and_none_counted_twice_when_the_node_is_killed(
    tmp_path: Path, rounds: int
) -> None:
    chance = random.Random(rounds)
    with DaemonProcess(tmp_path) as node:
        clients = [Stubborn(node.socket, number) for number in range(4)]
        for client in clients:
            client.start()
        for _ in range(rounds):
            time.sleep(chance.uniform(0.0, 0.15))
            node.kill()
            at_death = [client.acknowledged for client in clients]
            counted = node.counts()
            for number, acknowledged in enumerate(at_death):
                assert counted.get(name(number), 0) >= acknowledged
            node.start()
        eventually(lambda: all(client.acknowledged for client in clients), "everybody was heard")
        for client in clients:
            client.finish.set()
        for client in clients:
            client.join(PATIENCE)
        assert [client.trouble for client in clients] == [""] * len(clients)
        assert all(client.acknowledged == client.sent > 0 for client in clients)
        expected = {name(n): client.acknowledged for n, client in enumerate(clients)}
        assert node.counts() == expected


def test_a_node_that_is_told_to_stop_acknowledges_what_it_took_and_removes_its_sockets(tmp_path: Path) -> None:
    with DaemonProcess(tmp_path) as node:
        sender = Sender(node.socket)
        sender.hello(new_session())
        sender.send(*numbered([error(1)] * 100))
        assert sender.answers_to(100)[-1]["ack"] == 100
        assert node.stop() == 0
        assert sender.answer() == {"error": "stopping", "retry": True}
        assert sender.at_end()
        sender.close()
        assert not node.socket.exists()
        assert node.counts() == {name(1): 100}
