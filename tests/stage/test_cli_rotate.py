"""`rotate-key` with the real key files, against a control socket."""

from pathlib import Path

from aggregator import fleetkey
from node import fleet
from node.cli import init, rotate_key
from node.identity import load, verify_key
from tests.stage.desk import Desk
from tests.stage.test_roll import Situation, ask, node


def founded(path: Path) -> Desk:
    desk = Desk(path)
    assert desk.do(init.VERB).code == 0
    return desk


async def test_a_new_network_key_is_signed_and_handed_to_the_node(tmp_path: Path) -> None:
    desk, there = founded(tmp_path), Situation()
    async with node(tmp_path, there):
        ran = await ask(desk, rotate_key.VERB, grace="2h")
    assert ran.code == 0, ran.err
    assert "told: 1 members" in ran.out
    ((key,),) = [keys.network for keys in there.renewed]
    assert fleetkey.check(key, desk.fleet.keys, verify_key) is None
    assert (key.generation, round(key.until - key.made)) == (2, 7200)
    assert key.secret != desk.fleet.network_keys[0].secret
    assert key.psk not in ran.out


async def test_a_new_fleet_key_takes_the_place_of_the_old_one_which_is_kept(tmp_path: Path) -> None:
    desk, there = founded(tmp_path), Situation()
    before = load(desk.state / fleet.KEY_NAME)
    async with node(tmp_path, there):
        ran = await ask(desk, rotate_key.VERB, fleet=True)
    assert ran.code == 0, ran.err
    after, (keys,) = load(desk.state / fleet.KEY_NAME), there.renewed
    assert after.public != before.public
    assert load(desk.state / (fleet.KEY_NAME + rotate_key.BEFORE)).public == before.public
    learned = desk.fleet.learned(keys)
    assert learned.keys == (before.public, after.public)
    assert learned.network_keys[0].fleet == after.public
    for each in desk.state.iterdir():
        assert each.stat().st_mode & 0o777 == 0o600


async def test_it_needs_the_running_node_and_the_fleet_key(tmp_path: Path) -> None:
    desk = founded(tmp_path)
    key = (desk.state / fleet.KEY_NAME).read_bytes()
    assert (await ask(desk, rotate_key.VERB, fleet=True)).code == 3
    assert (desk.state / fleet.KEY_NAME).read_bytes() == key
    (desk.state / fleet.KEY_NAME).unlink()
    async with node(tmp_path, Situation()):
        ran = await ask(desk, rotate_key.VERB)
        assert (ran.code, "aggregator init" in ran.err) == (1, True)
        assert (await ask(desk, rotate_key.VERB, grace="later")).code == 2
