"""`init`, `invite` and `join` with real files, and a node that really listens."""

import io
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from aggregator.reason import Reason
from node import fleet
from node.cli import config_set, init, invite, join
from node.network import Network, NetworkSettings, open_network
from tests.stage.desk import Desk
from tests.stage.network_fleet import TestLog
from tests.stage.run_cli import Ran

WHERE = "192.0.2.7:4001"


@asynccontextmanager
async def listening(desk: Desk) -> AsyncGenerator[Network]:
    """The network of the node whose files are at this desk."""
    settings = NetworkSettings(psk=desk.fleet.network_keys[0].psk, listen=("127.0.0.1:0",))
    key = (desk.state / fleet.NODE_KEY).read_bytes()
    async with open_network(settings, key, desk.path / "book.json", TestLog()) as network:
        yield network


@asynccontextmanager
async def another_program() -> AsyncGenerator[str]:
    """Something that listens and says what no node would."""

    async def talk(stream: trio.SocketStream) -> None:
        async with stream:
            await stream.send_all(b"x" * 200)

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(trio.serve_tcp, talk, 0)
        yield f"127.0.0.1:{listeners[0].socket.getsockname()[1]}"
        nursery.cancel_scope.cancel()


def founded(path: Path, window: str = "") -> Desk:
    desk = Desk(path)
    ran = desk.do(init.VERB, window=window)
    assert ran.code == 0, ran.err
    return desk


def token(desk: Desk, *addresses: str, loopback: bool = False) -> str:
    ran = desk.do(invite.VERB, address=list(addresses) or [WHERE], allow_loopback=loopback)
    assert ran.code == 0, ran.err
    return ran.out


async def joins(desk: Desk, given: str) -> Ran:
    """`join` runs an event loop of its own."""
    return await trio.to_thread.run_sync(lambda: desk.do(join.VERB, token=given, as_json=True))


async def test_two_machines_become_a_fleet(tmp_path: Path):
    alice, bob = Desk(tmp_path / "alice"), Desk(tmp_path / "bob")
    assert (await alice.run("init", "--window", "5m", "--name", "shop")).code == 0
    async with listening(alice) as network:
        there = network.addresses[0]
        dead = there.replace("127.0.0.1", "127.0.0.2")
        asked = await alice.run("invite", "--address", dead, "--address", there, "--allow-loopback", "--json")
        assert asked.json["addresses"] == [dead, there]
        ran = await bob.run("join", "-", "--json", given=asked.json["token"].encode())
    assert ran.code == 0, ran.err
    assert [each["answered"] for each in ran.json["addresses"]] == [False, True]
    assert "nothing listens" in ran.json["addresses"][0]["why"]
    assert (ran.json["name"], ran.json["window"], ran.json["running"]) == ("shop", 300, False)
    assert (bob.fleet.id, bob.fleet.length) == (alice.fleet.id, 300)
    assert bob.fleet.seeds == [there, dead]
    assert alice.fleet.roster().put(bob.fleet.member) is Reason.NOT_LET_IN
    assert bob.fleet.member.peer == ran.json["node"]
    assert bob.config.exists()
    for each in bob.state.iterdir():
        assert each.stat().st_mode & 0o777 == 0o600


async def test_what_the_library_has_to_say_is_no_part_of_the_answer(tmp_path: Path):
    alice, bob = founded(tmp_path / "alice"), Desk(tmp_path / "bob")
    async with another_program() as where:
        ran = await bob.run("join", token(alice, where, loopback=True).strip())
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("aggregator: no node of the fleet answers"), ran.err
    assert "libp2p" not in ran.err
    assert "multiselect" not in ran.err.lower()


async def test_join_names_another_network_key(tmp_path: Path):
    alice, other = founded(tmp_path / "alice"), founded(tmp_path / "other")
    async with listening(other) as network:
        where = network.addresses[0].partition("/p2p/")[0]
        ran = await joins(Desk(tmp_path / "bob"), token(alice, where, loopback=True))
    assert ran.code == 1
    assert "private network key" in ran.err


def test_the_token_stands_alone_on_standard_output_and_the_warning_beside_it(tmp_path: Path):
    alice = founded(tmp_path / "alice")
    ran = alice.do(invite.VERB, expires="2h", uses=3, address=[WHERE])
    assert (ran.code, ran.out.count("\n")) == (0, 1)
    assert ran.out.startswith("ea1_")
    assert "secret" in ran.err
    assert "3 machines, for 2h" in ran.err
    assert f"/ip4/192.0.2.7/tcp/4001/p2p/{alice.fleet.member.peer}" in ran.err
    assert ran.out.strip() not in ran.err
    assert alice.do(invite.VERB, expires="tomorrow").code == 2


def test_join_does_nothing_when_nobody_answers_unless_told_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    alice, bob = founded(tmp_path / "alice"), Desk(tmp_path / "bob")
    line = token(alice, "127.0.0.1:9", loopback=True)
    ran = bob.do(join.VERB, token=line)
    assert ran.code == 1
    assert "nothing listens" in ran.err
    assert "aggregator invite --address" in ran.err
    assert line[4:40] not in ran.err
    assert not (bob.state / fleet.NAME).exists()
    monkeypatch.setattr("sys.stdin", io.StringIO(f"  {line[:50]}\n{line[50:]}\n"))
    joined = bob.do(join.VERB, token="-", untested=True)
    assert joined.code == 0
    assert "Member of" in joined.out
    assert "Was a member of" in bob.do(join.VERB, token=line, untested=True).out


def test_a_member_of_another_fleet_is_refused_before_anybody_is_asked(tmp_path: Path):
    alice, bob = founded(tmp_path / "alice"), founded(tmp_path / "bob")
    before = bob.fleet
    ran = bob.do(join.VERB, token=token(alice))
    assert ran.code == 1
    assert "another fleet" in ran.err
    assert "fleet.json away" in ran.err
    assert bob.fleet == before


def test_a_damaged_invitation_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    alice, bob = founded(tmp_path / "alice"), Desk(tmp_path / "bob")
    line = token(alice).strip()
    for wrong, says in ((line[:-9], "cut off"), ("hello", "begins with ea1_"), ("ea7_" + line[4:], "upgrade")):
        ran = bob.do(join.VERB, token=wrong)
        assert (ran.code, says in ran.err) == (1, True), ran.err
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert bob.do(join.VERB, token="-").code == 2
    assert not bob.state.exists()


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1:4001", "0.0.0.0:4001", "/ip4/169.254.1.1/tcp/4001", "/ip6/::1/tcp/4001", "/dns/localhost/tcp/1"],
)
def test_what_others_cannot_reach_is_refused(tmp_path: Path, address: str):
    ran = founded(tmp_path / "alice").do(invite.VERB, address=[address])
    assert (ran.code, "cannot reach" in ran.err) == (2, True)


@pytest.mark.parametrize(
    "address", ["4001", "/ip4/192.0.2.1/udp/4001", "192.0.2.1:0", "/ip4/192.0.2.1/tcp/4001/p2p/nobody"]
)
def test_what_is_no_address_is_refused(tmp_path: Path, address: str):
    assert founded(tmp_path / "alice").do(invite.VERB, address=[address]).code == 2


def test_by_itself_it_offers_the_interfaces_and_loopback_only_when_asked(tmp_path: Path):
    alice = founded(tmp_path / "alice")
    asked = alice.do(invite.VERB, in_json=True, allow_loopback=True).json["addresses"]
    assert any("/127.0.0.1/" in each for each in asked)
    assert not any("/0.0.0.0/" in each for each in asked)
    others = alice.do(invite.VERB, in_json=True)  # a machine may have no other interface
    assert "127.0.0.1" not in others.out
    assert others.code == 0 or "network.announce" in others.err


def test_an_invitation_names_what_is_announced(tmp_path: Path):
    alice = founded(tmp_path / "alice")
    alice.do(config_set.VERB, key="network.announce", value="/dns/shop.example/tcp/4001")
    named = alice.do(invite.VERB, in_json=True).json["addresses"]
    assert named == [f"/dns/shop.example/tcp/4001/p2p/{alice.fleet.member.peer}"]


def test_a_port_or_address_that_is_not_known_is_asked_for(tmp_path: Path):
    alice = founded(tmp_path / "alice")
    for listen, remedy in (("/ip4/0.0.0.0/tcp/0", "--address"), ("/ip4/127.0.0.1/tcp/4001", "network.announce")):
        alice.do(config_set.VERB, key="network.listen", value=listen)
        ran = alice.do(invite.VERB)
        assert (ran.code, remedy in ran.err) == (1, True)


def test_only_the_machine_with_the_fleet_key_invites(tmp_path: Path):
    alice, bob = founded(tmp_path / "alice"), Desk(tmp_path / "bob")
    assert bob.do(invite.VERB).code == 1
    assert bob.do(join.VERB, token=token(alice, "127.0.0.1:9", loopback=True), untested=True).code == 0
    ran = bob.do(invite.VERB, address=[WHERE])
    assert (ran.code, "aggregator init" in ran.err) == (1, True)


def test_init_completes_and_keeps_but_never_changes_a_window(tmp_path: Path):
    alice = founded(tmp_path / "alice", window="10m")
    before = alice.fleet
    assert alice.do(init.VERB, as_json=True).json["window"] == 600
    ran = alice.do(init.VERB, window="5m")
    assert (ran.code, "cannot be changed" in ran.err) == (1, True)
    assert alice.do(init.VERB, window="never").code == 2
    assert alice.fleet == before
