"""The network key is exchanged while the fleet runs: nobody is cut off, and who was away can come back."""

from pathlib import Path

import pytest

from node.network import NetworkError
from node.network.keyring import KeyRing
from tests.stage.network_fleet import OTHER_PSK, PSK, fleet_in, linked, reaches, until

OLD, NEW = PSK, OTHER_PSK


async def test_who_has_only_the_old_key_is_let_in_beside_those_with_the_new_one(tmp_path: Path) -> None:
    async with fleet_in(tmp_path) as fleet:
        alice = await fleet.start("alice", psk=NEW, older=(OLD,), dials=0)
        bob = await fleet.start("bob", psk=OLD, seeds=tuple(alice.addresses))
        carol = await fleet.start("carol", psk=NEW, seeds=tuple(alice.addresses))
        await linked(alice, bob)
        await linked(alice, carol)
        await reaches(bob, alice)


async def test_who_has_only_the_old_key_is_reached_by_those_with_the_new_one(tmp_path: Path) -> None:
    async with fleet_in(tmp_path) as fleet:
        bob = await fleet.start("bob", psk=OLD, dials=0)
        alice = await fleet.start("alice", psk=NEW, older=(OLD,), seeds=tuple(bob.addresses))
        await linked(alice, bob)
        await reaches(alice, bob)


async def test_links_stay_up_when_the_key_is_exchanged_and_newcomers_need_the_new_one(tmp_path: Path) -> None:
    async with fleet_in(tmp_path) as fleet:
        alice, bob = await fleet.pair(psk=OLD)
        changes = alice.changes
        for each in (alice, bob):
            each.set_keys(NEW, [OLD])
        await reaches(alice, bob)
        assert alice.changes == changes
        carol = await fleet.start("carol", psk=NEW, seeds=tuple(alice.addresses), dials=1)
        await linked(alice, carol)
        for each in (alice, bob, carol):
            each.set_keys(NEW)
        dave = await fleet.start("dave", psk=OLD, seeds=tuple(alice.addresses))
        await until(lambda: dave.statistics().dial_failures > 0)
        assert not dave.peers()


async def test_the_exchange_outlives_a_rebuild_of_the_stack(tmp_path: Path) -> None:
    async with fleet_in(tmp_path) as fleet:
        alice = await fleet.start("alice", psk=OLD, dials=0)
        alice.set_keys(NEW, [OLD])
        assert alice.stack is not None
        await alice.stack.swarm.get_manager().stop()
        await until(lambda: alice.statistics().rebuilt > 0 and alice.stack is not None)
        carol = await fleet.start("carol", psk=NEW, seeds=tuple(alice.addresses))
        await linked(alice, carol)


async def test_without_the_work_around_the_old_key_is_shut_out_at_once(tmp_path: Path) -> None:
    async with fleet_in(tmp_path) as fleet:
        without = frozenset({"several_network_keys"})
        alice = await fleet.start("alice", psk=NEW, older=(OLD,), dials=0, without=without)
        bob = await fleet.start("bob", psk=OLD, seeds=tuple(alice.addresses), without=without)
        await until(lambda: bob.statistics().dial_failures > 0)
        assert not alice.peers()


async def test_a_key_that_is_none_is_refused(tmp_path: Path) -> None:
    async with fleet_in(tmp_path) as fleet:
        alice = fleet.make("alice")
        for wrong in ("", "5E" * 32, "5e" * 31):
            with pytest.raises(NetworkError, match="64 hex digits"):
                alice.set_keys(NEW, [wrong])
            with pytest.raises(NetworkError, match="64 hex digits"):
                alice.set_keys(wrong)


def test_keys_are_dialled_in_turn_and_never_shown() -> None:
    ring = KeyRing(NEW, [OLD])
    assert [ring.in_turn(n) for n in range(4)] == [NEW, OLD, NEW, OLD]
    assert KeyRing(NEW).in_turn(5) == NEW
    assert NEW not in repr(ring)
