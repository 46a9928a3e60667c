"""An assertion that does not hold."""

import sys

from did import did

import aggregator


def total(prices: list[int]) -> int:
    found = sum(prices)
    assert found >= 0, f"total is {found} for {len(prices)} items"
    return found


aggregator.install(service="pricing", release="2.4.1")
did("pricing")
total([1, -int(sys.argv[1]) - 2])
