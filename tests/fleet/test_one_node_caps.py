"""More becomes due at once than a day may file: the worst goes first, the caps hold, and nothing is forgotten."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.fleet.filing_node import FilingNode
from tests.fleet.shop import Shop, count_in
from tests.sender import error
from tests.stage.standin import started

HOUR, DAY = 3600.0, 86_400.0  # seconds
CAPS = {"filing.issues_per_hour": 20, "filing.issues_per_day": 50}
A_WHILE = 60.0  # seconds; after 24 hours the window of the reports has left the lookback, too


class LaterNode(FilingNode):
    """A node for which, with its GitHub, hours pass when the test says so."""

    def __init__(self, directory: Path, shop: Shop) -> None:
        later = {"bundle.window": "15m", "filing.closing_grace": "15m", "filing.paused": True}
        super().__init__(directory, shop, {**CAPS, **later})
        self._offset = directory / "offset"
        self._offset.write_text("0")
        self.program = ("-m", "tests.fleet.later_node", str(self._offset))

    def let_pass(self, seconds: float) -> None:
        self.shop.hub.steer("/clock", {"advance": seconds})
        partial = self._offset.with_suffix(".new")
        partial.write_text(str(float(self._offset.read_text()) + seconds))
        partial.replace(self._offset)


def most_within(issues: list[dict[str, Any]], seconds: float) -> int:
    """The most issues that were ever created within so long."""
    times = sorted(hub_time(each["created_at"]) for each in issues)
    return max(sum(0 <= other - time < seconds for other in times) for time in times)


def hub_time(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def file_what_may_be(node: LaterNode) -> int:
    """Bundles until one creates nothing more; the number of issues then."""
    while node.bundle()["created"]:
        pass
    return len(node.shop.issues())


@pytest.mark.parametrize("due", [60, pytest.param(500, marks=pytest.mark.slow)])
def test_what_is_due_at_once_is_filed_under_the_caps_in_the_end_though_nothing_occurs_any_more(
    tmp_path: Path, due: int
) -> None:
    with started("--search-lag", "0") as hub, LaterNode(tmp_path, Shop(hub, hub.repository)) as node:
        worst = range(due - 10, due)
        for first in range(0, due, 100):
            numbers = range(first, min(first + 100, due))
            node.report(*[error(n, severity="high" if n in worst else "low") for n in numbers] * 3)
        assert node.run_cli("resume").returncode == 0  # all of it is due at the first bundle that files
        filed = file_what_may_be(node)
        assert filed == 20
        names = {each["title"].partition(":")[0] for each in node.shop.issues()}
        assert {f"Error{n}" for n in worst} <= names
        assert node.status()["filing"]["waiting"] == {"CAP_REACHED": due - 20}
        hours = 0
        while filed < due:
            assert hours < 24 * (due / 50 + 2), node.story()
            node.let_pass(HOUR + A_WHILE)
            hours += 1
            if hours % 8 == 0:
                node.restart()  # it counts only what is within the lookback then
            filed = file_what_may_be(node)
        assert hours > 24 * ((due - 1) // 50 - 0.5)
        issues = node.shop.open_issues()
        assert len(issues) == len(node.shop.issues()) == due
        assert {count_in(each) for each in issues} == {3}
        assert (most_within(issues, HOUR), most_within(issues, DAY)) == (20, 50)
        assert node.status()["filing"]["pending"] == 0
