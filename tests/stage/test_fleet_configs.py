"""The example configurations of a fleet are ones that the node takes, and agree on what all nodes must."""

from pathlib import Path

import pytest

from node.config import load

CONFIGS = Path(__file__).parents[2] / "configs" / "fleet"
NAMES = ("alice", "bob", "carol")


@pytest.mark.parametrize("name", NAMES)
def test_the_example_is_taken_without_a_warning(name: str) -> None:
    assert not load(CONFIGS / f"{name}.toml", {}).warnings


def test_all_three_decide_alike() -> None:
    configs = [load(CONFIGS / f"{name}.toml", {}).config for name in NAMES]
    assert all(each.github == configs[0].github and each.bundle == configs[0].bundle for each in configs)
    assert configs[0].github.routes["checkout"] == "acme/shop"
    assert [each.filing.issues for each in configs] == [True, True, False]
