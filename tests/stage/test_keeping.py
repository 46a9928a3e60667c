"""A fleet that is spread, with real meshes: four nodes of which two keep the counts."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
import trio

from aggregator import keepers
from aggregator.agenda import Knowledge
from aggregator.due import Policy
from aggregator.settling import Settling
from node import keeping
from node.config import Loaded, load
from node.control import kept
from tests.pure.factories import name, seen
from tests.stage.meshes import Founders, MeshNode, node
from tests.stage.test_mesh import DEADLINE, counts, until
from tests.stage.view import FakeView

REPOSITORY = "acme/app"
NODES = 4


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sizes of a fleet that a test can have."""
    monkeypatch.setattr(keepers, "KEEPERS", 2)
    monkeypatch.setattr(keepers, "SPREAD_ABOVE", NODES - 1)
    monkeypatch.setattr(keepers, "GATHER_BELOW", 1)
    monkeypatch.setattr(keepers, "SOONEST", 0.5)
    monkeypatch.setattr(keeping, "LOOK", 0.2)
    monkeypatch.setattr(Settling, "LONGEST", 5.0)  # should both keepers be new when the fleet spreads


@asynccontextmanager
async def fleet(directory: Path) -> AsyncGenerator[list[MeshNode]]:
    founders = Founders()
    async with AsyncExitStack() as stack:
        nodes = [await stack.enter_async_context(node(founders, directory / "0"))]
        for number in range(1, NODES):
            nodes.append(await stack.enter_async_context(node(founders, directory / str(number), nodes[0].address)))
        yield nodes


def keeps(each: MeshNode) -> bool:
    return each.mesh.fleet.keeping.keepers.keep(REPOSITORY)


def agreed(nodes: list[MeshNode]) -> Callable[[], bool]:
    """All see that the fleet is spread, and take the same two for its keepers."""

    def true() -> bool:
        views = {tuple(each.mesh.fleet.keeping.keepers.of(REPOSITORY)) for each in nodes}
        spread = all(each.mesh.fleet.keeping.spread for each in nodes)
        return spread and len(views) == 1 and len(next(iter(views))) == 2

    return true


async def test_a_fleet_that_grows_too_large_leaves_its_counts_to_two_keepers(tmp_path: Path) -> None:
    async with fleet(tmp_path) as nodes:
        for each in nodes:
            await each.counting.count([seen(1, 10)], {}, [])
        await until(agreed(nodes))
        others = [each for each in nodes if not keeps(each)]
        assert len(others) == NODES - 2
        await others[0].counting.count([seen(2, 7)], {}, [])
        for each in nodes:
            if keeps(each):
                await until(lambda each=each: counts(each) == {name(1): 10 * NODES, name(2): 7})
        for each in others:  # its own pages stay, all else is let go of
            own = {name(1): 10} | ({name(2): 7} if each is others[0] else {})
            await until(lambda each=each, own=own: counts(each) == own)


async def test_who_keeps_no_counts_asks_a_keeper_for_those_that_are_shown(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(f'[github]\nrepository = "{REPOSITORY}"\n')
    async with fleet(tmp_path) as nodes:
        await until(agreed(nodes))
        views = {each.mesh: shown(each, load(config, {})) for each in nodes}
        for each in nodes:
            each.mesh.relay.rows = partial(kept.said, views[each.mesh])
            await each.counting.count([seen(1, 10)], {}, [])
        for each in nodes:
            if keeps(each):
                await until(lambda each=each: counts(each) == {name(1): 10 * NODES})
        other = next(each for each in nodes if not keeps(each))
        order = other.mesh.fleet.keeping.keepers.of(REPOSITORY)
        with trio.fail_after(DEADLINE):  # a keeper that has not compared yet sends who asks to the next
            while not (rows := (await kept.errors(views[other.mesh])).rows) or not rows[0].kept_by:  # noqa: ASYNC110
                await trio.sleep(0.1)
        assert [(row.count, row.kept_by in order) for row in rows] == [(10 * NODES, True)]


def shown(each: MeshNode, loaded: Loaded) -> FakeView:
    """What a node shows of itself."""
    known = Knowledge(each.counting.ledger, each.counting.history, each.keeper.book)
    return FakeView(loaded, known, Policy(repository=REPOSITORY), keepers=each.mesh.relay)


@pytest.mark.slow
async def test_what_gossip_lost_is_brought(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with fleet(tmp_path) as nodes:
        await until(agreed(nodes))
        other = next(each for each in nodes if not keeps(each))

        async def lost(_data: bytes) -> None: ...

        monkeypatch.setattr(other.mesh.network, "publish", lost)
        await other.counting.count([seen(3, 5)], {}, [])
        for each in nodes:
            if keeps(each):
                await until(lambda each=each: counts(each) == {name(3): 5})
        await until(lambda: other.mesh.fleet.keeping.errands(other.mesh._clock.elapsed()) == {})  # pyright: ignore[reportPrivateUsage]
        assert other.mesh.shelving.counts["visits"] > 0


@pytest.mark.slow
async def test_when_a_keeper_is_gone_another_one_has_all(tmp_path: Path) -> None:
    async with fleet(tmp_path) as nodes:
        await until(agreed(nodes))
        for each in nodes:
            await each.counting.count([seen(1, 10)], {}, [])
        kept = [each for each in nodes if keeps(each)]
        for each in kept:
            await until(lambda each=each: counts(each) == {name(1): 10 * NODES})
        gone = kept[0]
        gone.nursery.cancel_scope.cancel()
        left = [each for each in nodes if each is not gone]
        await until(agreed(left))
        for each in left:
            if keeps(each):
                await until(lambda each=each: counts(each) == {name(1): 10 * NODES})
        await trio.lowlevel.checkpoint()
