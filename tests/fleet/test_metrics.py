"""The numbers of a real node that has counted and filed."""

from contextlib import ExitStack

import httpx

from tests.fleet.conftest import Start
from tests.fleet.filing_node import BY_HAND
from tests.fleet.founding import reserve
from tests.fleet.harness import PATIENCE
from tests.fleet.shop import Shop
from tests.sender import error
from tests.stage.test_metrics import read

PREFIX = "error_aggregator_"


def test_a_node_that_filed_tells_so_in_numbers(shop: Shop, start: Start) -> None:
    with ExitStack() as reserved:
        port = reserve(reserved)
        node = start({**BY_HAND, "control.metrics": f"127.0.0.1:{port}"})
        node.report(*[error(1)] * 3, error(2))
        done = node.bundle()
        values = read(httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False, timeout=PATIENCE).text)
    assert values[f"{PREFIX}records_total", ()] == 4
    assert values[f"{PREFIX}signatures", ()] == 2
    assert values[f"{PREFIX}pages", ()] >= 1
    assert values[f"{PREFIX}outcomes_total", (("reason", "CREATED"),)] == 1
    assert values[f"{PREFIX}claims_total", (("outcome", "done"),)] == 1
    assert values[f"{PREFIX}github_writes_total", (("action", "create issue"), ("outcome", "done"))] == 1
    assert values[f"{PREFIX}github_remaining", (("resource", "core"),)] > 0
    assert values[f"{PREFIX}candidate", (("repository", shop.name),)] == 1
    assert values[f"{PREFIX}database_bytes", ()] > 0
    assert 0 < done["calls"] <= values[f"{PREFIX}github_calls_total", ()]
    line = next(line for line in node.log_lines() if "event=bundle" in line and "created=1" in line)
    assert f"calls={done['calls']}" in line
    assert 'outcomes="1 CREATED"' in line
