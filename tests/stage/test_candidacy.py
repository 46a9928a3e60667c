"""Who cannot file does not stand for election, and stands again when it can."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing

from aggregator.filing.calls import Failure, NotSent, Rejected
from aggregator.filing.settings import Settings
from aggregator.reason import Reason
from node.candidacy import AWAY_EVERY, EVERY, Candidacy

REPOSITORY = "acme/app"


class Shop:
    """GitHub, as it answers when it is asked about a repository."""

    def __init__(self, failure: Failure | None) -> None:
        self.failure, self.asked = failure, 0

    async def why_not(self, repository: str) -> Reason | None:
        self.asked += 1
        if self.failure:
            raise self.failure
        return None


class Terms:
    filing = True

    def __init__(self) -> None:
        self.troubles: dict[str, Reason] = {}
        self.settings = Settings(node="alice", login="bot", marker_key=b"k", repositories=frozenset({REPOSITORY}))


@asynccontextmanager
async def looking(shop: Shop) -> AsyncGenerator[Terms]:
    terms = Terms()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Candidacy(lambda: shop, terms).run)
        await trio.testing.wait_all_tasks_blocked()
        yield terms
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("failure", "trouble"),
    [
        (None, None),
        (NotSent(Reason.GITHUB_AWAY), Reason.GITHUB_AWAY),
        (NotSent(Reason.BAD_CREDENTIALS), Reason.BAD_CREDENTIALS),
        (NotSent(Reason.RATE_LIMITED), None),
        (Rejected(Reason.REPOSITORY_MISSING), Reason.REPOSITORY_MISSING),
    ],
)
async def test_what_keeps_a_node_from_filing_keeps_it_from_standing(failure: Failure | None, trouble: Reason | None):
    async with looking(Shop(failure)) as terms:
        assert terms.troubles.get(REPOSITORY) is trouble


async def test_a_node_that_reaches_github_again_stands_again_soon(autojump_clock: trio.testing.MockClock):
    shop = Shop(NotSent(Reason.GITHUB_AWAY))
    async with looking(shop) as terms:
        shop.failure = None
        await trio.sleep(AWAY_EVERY + 1)
        assert terms.troubles == {}
        asked = shop.asked
        await trio.sleep(EVERY - AWAY_EVERY)
        assert shop.asked == asked
