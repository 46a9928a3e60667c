"""Who is linked with whom: a fleet that knows one seed grows together, and stays so when the seed dies."""

import itertools
import os
import stat
from collections import deque
from pathlib import Path
from typing import Any

import pytest
import trio

from node.network import Network, NetworkError, NetworkSettings, Reason
from tests.stage.network_fleet import PATIENCE, address_of, fleet_in, id_of, linked, reaches, until

LOADED = 400.0  # seconds: twenty nodes share one core, and that with other tests
# Where twenty nodes are as quick as two may be, a slow core has more to do than it can, and dials that are given up.
UNHURRIED: dict[str, Any] = {
    "announce_every": 3.0,
    "exchange_every": 4.0,
    "redial_first": 0.5,
    "redial_longest": 4.0,
    "repair_after": 10.0,
    "dial_deadline": 60.0,
    "guest": 4.0,
}


def neighbours(fleet: list[Network]) -> dict[str, set[str]]:
    return {one.peer_id: {link.peer_id for link in one.peers() if link.in_pubsub} for one in fleet}


def in_one_piece(fleet: list[Network]) -> bool:
    """Whether everybody can be reached from the first over links that both ends know."""
    links = neighbours(fleet)
    seen, waiting = {fleet[0].peer_id}, deque([fleet[0].peer_id])
    while waiting:
        one = waiting.popleft()
        new = {other for other in links[one] if one in links.get(other, ())} - seen
        seen |= new
        waiting += new
    return len(seen) == len(fleet)


async def all_reach_all(fleet: list[Network]) -> None:
    """Publish from everybody until everybody has heard everybody."""
    heard: dict[str, set[str]] = {one.peer_id: {one.peer_id} for one in fleet}
    everybody = set(heard)

    async def listen(one: Network) -> None:
        while heard[one.peer_id] < everybody:
            origin, _ = await one.messages.receive()
            heard[one.peer_id].add(origin)

    async def speak() -> None:
        for number in itertools.count():
            for one in fleet:
                await one.publish(f"{one.peer_id} {number}".encode())
            # A round of twenty costs about a second of one core, as all of them share it.
            await trio.sleep(4)

    with trio.fail_after(LOADED):
        async with trio.open_nursery() as speaking:
            speaking.start_soon(speak)
            async with trio.open_nursery() as listening:
                for one in fleet:
                    listening.start_soon(listen, one)
            speaking.cancel_scope.cancel()


async def test_twenty_nodes_that_know_one_seed_reach_each_other_also_after_it_died(tmp_path: Path) -> None:
    async with fleet_in(tmp_path, patience=3 * LOADED) as fleet:
        seed = await fleet.start("seed", max_links=8, **UNHURRIED)
        known = tuple(seed.addresses)
        others = [await fleet.start(f"node {n}", seeds=known, max_links=8, dials=2, **UNHURRIED) for n in range(19)]
        await until(lambda: in_one_piece(others) and in_one_piece([seed, *others]), patience=LOADED)
        await all_reach_all([seed, *others])
        await fleet.stop(seed)
        await until(lambda: in_one_piece(others), patience=LOADED)
        await all_reach_all(others)
        assert all(one.statistics().rebuilt == 0 for one in others)


async def test_guests_beyond_the_cap_learn_of_others_and_are_cut(tmp_path: Path) -> None:
    async with fleet_in(tmp_path) as fleet:
        seed = await fleet.start("seed", max_links=2, dials=0)
        known = tuple(seed.addresses)
        others = [await fleet.start(name, seeds=known, dials=2) for name in ("alice", "bob", "carol", "dave")]
        await until(lambda: len(seed.peers()) <= 2 and in_one_piece([seed, *others]))
        assert all(one.peers() for one in others)


async def test_no_more_links_are_opened_than_asked_for(tmp_path: Path) -> None:
    async with fleet_in(tmp_path) as fleet:
        first = await fleet.start("first", dials=1, dial_deadline=60.0)  # who is given up is dialled beside another
        known, names = tuple(first.addresses), ("alice", "bob", "carol", "dave")
        others = [await fleet.start(name, seeds=known, dials=1, dial_deadline=60.0) for name in names]
        await until(lambda: in_one_piece([first, *others]))
        await trio.sleep(1.5)
        assert all(sum(link.direction == "out" for link in one.peers()) <= 1 for one in others)


async def test_one_link_is_exchanged_for_another_now_and_then(tmp_path: Path) -> None:
    async with fleet_in(tmp_path) as fleet:
        hub = await fleet.start("hub", dials=0)
        known = tuple(hub.addresses)
        others = [await fleet.start(name, seeds=known, dials=0) for name in ("alice", "bob")]
        restless = await fleet.start("carol", seeds=(*known, *others[0].addresses), dials=1, shuffle_every=0.5)
        seen: set[str] = set()

        def both_seen() -> bool:
            seen.update(link.peer_id for link in restless.peers())
            return {hub.peer_id, others[0].peer_id} <= seen

        await until(both_seen)


async def test_a_peer_that_comes_back_is_dialled_at_once_and_was_missed(tmp_path: Path) -> None:
    async with fleet_in(tmp_path) as fleet:
        alice, bob = await fleet.pair()
        listen = (address_of(alice),)
        before = bob.changes
        await fleet.stop(alice)
        with trio.fail_after(PATIENCE):
            await bob.wait_change(before)
        await until(lambda: not bob.peers())
        again = await fleet.start("alice", listen=listen, dials=0)
        await linked(again, bob)
        await reaches(again, bob)
        assert bob.statistics().redials >= 1


async def test_the_address_book_finds_the_fleet_when_the_seed_is_gone(tmp_path: Path) -> None:
    async with fleet_in(tmp_path) as fleet:
        seed = await fleet.start("seed")
        known = tuple(seed.addresses)
        alice = await fleet.start("alice", seeds=known)
        bob = await fleet.start("bob", seeds=known)
        await linked(alice, bob)
        await fleet.stop(seed)
        await fleet.stop(bob)
        assert stat.S_IMODE(os.stat(tmp_path / "bob.json").st_mode) == 0o600
        again = await fleet.start("bob", seeds=known)
        await linked(alice, again)
        await reaches(alice, again)


async def test_a_damaged_address_book_is_said_and_the_seeds_serve(tmp_path: Path) -> None:
    (tmp_path / "bob.json").write_text('{"version": 1, "peers": "all"}')
    async with fleet_in(tmp_path) as fleet:
        await fleet.pair()
        assert fleet.log.said("address book unreadable, starting with the seeds")


async def test_what_listens_everywhere_is_known_by_the_address_it_called_from(tmp_path: Path) -> None:
    async with fleet_in(tmp_path) as fleet:
        hub = await fleet.start("hub", dials=0)
        known = tuple(hub.addresses)
        alice = await fleet.start("alice", seeds=known, listen=("0.0.0.0:0",))
        await linked(hub, alice)
        bob = await fleet.start("bob", seeds=known)
        await linked(alice, bob)


async def test_a_taken_port_is_refused_with_the_remedy(tmp_path: Path) -> None:
    async with fleet_in(tmp_path) as fleet:
        alice = await fleet.start("alice")
        with pytest.raises(NetworkError, match=r"choose another port under network\.listen") as error:
            await fleet.make("bob", listen=(address_of(alice),)).run()
        assert error.value.reason is Reason.CANNOT_LISTEN


async def test_an_address_of_another_machine_cannot_be_listened_on(tmp_path: Path) -> None:
    async with fleet_in(tmp_path) as fleet:
        with pytest.raises(NetworkError) as error:
            await fleet.make("alice", listen=("192.0.2.1:4001",)).run()
        assert error.value.reason is Reason.CANNOT_LISTEN


async def test_an_unreachable_seed_is_said_once_and_tried_again(tmp_path: Path) -> None:
    async with fleet_in(tmp_path) as fleet:
        bob = await fleet.start("bob", seeds=(f"/ip4/127.0.0.1/tcp/9/p2p/{id_of('alice')}",))
        await until(lambda: bob.statistics().dial_failures >= 3)
        complaints = [fields for event, fields in fleet.log.lines if event == "cannot reach peer"]
        assert "nothing listens" in str(complaints[0]["reason"])


async def test_addresses_come_with_the_peer_id(tmp_path: Path) -> None:
    async with fleet_in(tmp_path) as fleet:
        alice = await fleet.start("alice", announce=("fleet.example.com:4001",))
        assert alice.addresses == [f"/dns/fleet.example.com/tcp/4001/p2p/{alice.peer_id}"]


def bad_settings() -> dict[str, dict[str, object]]:
    good = {"psk": "ab" * 32}
    return {
        "psk": {"psk": "AB" * 32},
        "listen": {**good, "listen": ("nowhere",)},
        "announce": {**good, "announce": ("/ip4/10.0.0.1/tcp/0",)},
        "seeds": {**good, "seeds": ("/ip4/10.0.0.1/tcp/4001",)},
        "dials": {**good, "dials": 5, "max_links": 4},
        "message_buffer": {**good, "message_buffer": 0},
    }


@pytest.mark.parametrize("name", bad_settings())
def test_a_bad_setting_is_refused_by_name_and_the_key_is_never_shown(name: str) -> None:
    with pytest.raises(NetworkError, match=rf"network\.{name}") as error:
        NetworkSettings(**bad_settings()[name])  # pyright: ignore[reportArgumentType] - that is the test
    assert "AB" * 32 not in str(error.value)
    assert "ab" * 32 not in repr(NetworkSettings(psk="ab" * 32))


LOOPBACK = "/ip4/127.0.0.1/tcp/0"
ELSEWHERE = "/ip4/10.0.0.1/tcp/4001"


@pytest.mark.parametrize(
    "beside",
    [
        {"psk": "ab" * 32},
        {"older": ("ab" * 32,)},
        {"mdns": True},
        {"listen": (LOOPBACK, "/ip4/0.0.0.0/tcp/0")},
        {"announce": (ELSEWHERE,)},
        {"seeds": (f"{ELSEWHERE}/p2p/{id_of('alice')}",)},
    ],
)
def test_a_network_without_a_key_does_not_leave_this_machine(beside: dict[str, object]) -> None:
    open_one = {"open": True, "listen": (LOOPBACK,)}
    assert NetworkSettings(**open_one).psk == ""  # pyright: ignore[reportArgumentType] - options as a table
    with pytest.raises(NetworkError, match=r"network\.open"):
        NetworkSettings(**{**open_one, **beside})  # pyright: ignore[reportArgumentType] - options as a table
