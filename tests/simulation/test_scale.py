"""Fleets by size, in short: who keeps a count knows it soon, gossip keeps to its budget, keepers have all."""

import pytest

from aggregator import keepers
from aggregator.pace import BUDGET
from tests.simulation import scalenode
from tests.simulation.scale import IDLE, STEADY, ScaleWorld, quantile

SECONDS = 12.0  # virtual


@pytest.mark.parametrize("count", [10, 30])
def test_where_everybody_keeps_all_everybody_knows_within_seconds(count: int) -> None:
    world = ScaleWorld(count, STEADY._replace(every=2.0), probe_every=7)
    world.run(SECONDS)
    assert world.seen.delays
    assert quantile(world.seen.delays, 99) < 10.0
    assert world.seen.busiest(world.world.start) <= 1.5 * BUDGET


def test_an_idle_fleet_says_little() -> None:
    world = ScaleWorld(30, IDLE)
    world.run(30.0)
    assert len(world.seen.gossip) / 30.0 <= BUDGET / 4


def test_a_spread_fleet_brings_its_counts_to_the_keepers_and_nobody_else_holds_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(scalenode, "SPREAD_ABOVE", 20)
    monkeypatch.setattr(keepers, "SOONEST", 2.0)
    world = ScaleWorld(40, STEADY._replace(every=4.0))
    world.run(SECONDS)
    world.load = IDLE
    kept = world.shared.order
    world.run(30.0)
    reported = sum(world.nodes[peer].own() for peer in world.shared.names)
    assert reported > 40
    assert {sum(map(world.nodes[peer].count, range(20))) for peer in kept} == {reported}
    others = [node for node in world.nodes.values() if not node.keeps]
    assert all(page.key.origin.peer == node.peer for node in others for page in node.ledger.pages())
    assert world.seen.visits
