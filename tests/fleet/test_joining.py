"""From nothing to a fleet: real daemons and the real command line, up to new keys and a ban."""

import contextlib
import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from node import fleet
from node.cli import ban, init, invite, join, peers, rotate_key
from node.cli.verb import Cli, Verb, execute
from tests.fleet.founding import reserve
from tests.fleet.harness import DaemonProcess
from tests.stage.run_cli import Ran

PATIENCE = 120.0  # seconds; far more than a loaded machine was seen to need


class Machine(DaemonProcess):
    """A node with a network on loopback, on a port that is `reserved`, and its command line."""

    def __init__(self, directory: Path, reserved: contextlib.ExitStack) -> None:
        port = reserve(reserved)
        self.variables = {
            "AGGREGATOR_NETWORK_ENABLED": "true",
            "AGGREGATOR_NETWORK_LISTEN": f"/ip4/127.0.0.1/tcp/{port}",
        }
        super().__init__(directory, environment=self.variables)

    def do(self, verb: Verb, **given: Any) -> Ran:
        out, err = io.StringIO(), io.StringIO()
        environment = {"HOME": str(self.directory), **self.variables}
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = execute(verb, Cli(self.config, environment=environment), given, as_json=True)
        return Ran(code, out.getvalue(), err.getvalue())

    def peer(self) -> str:
        return self.file().member.peer

    def file(self) -> fleet.FleetFile:
        found = fleet.read(self.directory / "state" / fleet.NAME)
        assert found is not None
        return found

    def sees(self, other: "Machine") -> dict[str, Any]:
        rows: list[dict[str, Any]] = self.do(peers.VERB).json
        return {row["peer"]: row for row in rows}.get(other.peer(), {})


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def both_here(one: Machine, other: Machine) -> bool:
    return all(a.sees(b).get("state") == "here" and a.sees(b)["link"] for a, b in ((one, other), (other, one)))


def test_two_machines_become_a_fleet_change_their_key_and_part(tmp_path: Path) -> None:
    with contextlib.ExitStack() as running:
        alice, bob = (Machine(tmp_path / each, running) for each in ("alice", "bob"))
        assert alice.do(init.VERB, name="shop").code == 0
        running.enter_context(alice)
        token = alice.do(invite.VERB, allow_loopback=True).out
        joined = bob.do(join.VERB, token=token)
        assert (joined.code, joined.json["addresses"][0]["answered"]) == (0, True), joined.err
        assert joined.json["let_in_by"] == alice.peer()
        late = Machine(tmp_path / "late", running).do(join.VERB, token=token)
        assert (late.code, "has been used up" in late.err) == (1, True), late.err
        running.enter_context(bob)
        until(lambda: both_here(alice, bob))

        bob.stop()
        until(lambda: alice.sees(bob)["state"] == "left")
        renewed = alice.do(rotate_key.VERB)
        assert (renewed.json["generation"], renewed.json["told"]) == (2, []), renewed.err

        bob.start()
        until(lambda: bob.file().network_keys[0].generation == 2)
        until(lambda: both_here(alice, bob))

        assert alice.do(ban.VERB, name=bob.peer()).code == 0
        until(lambda: not alice.sees(bob)["link"])
        assert alice.sees(bob)["reason"] == "BANNED"
        assert alice.do(rotate_key.VERB, grace="0s").code == 0
        time.sleep(2.0)  # in which bob would have been told, as above
        assert [key.generation for key in bob.file().network_keys] == [2, 1]
