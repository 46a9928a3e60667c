"""Who cannot file does not stand for election, and stands again when it can."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing

from aggregator.candidacy import EVERY, SOON, look_after
from aggregator.filing.calls import Failure, NotSent, Rejected
from aggregator.filing.case import Outcome
from aggregator.filing.settings import Settings
from aggregator.reason import Reason
from node.candidacy import Candidacy

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
    interval = 900.0  # seconds

    candidacy: Candidacy  # that keeps these

    def __init__(self) -> None:
        self.troubles: dict[str, Reason] = {}
        self.settings = Settings(node="alice", login="bot", marker_key=b"k", repositories=frozenset({REPOSITORY}))


@asynccontextmanager
async def looking(shop: Shop) -> AsyncGenerator[Terms]:
    terms = Terms()
    async with trio.open_nursery() as nursery:
        terms.candidacy = Candidacy(lambda: shop, terms)
        nursery.start_soon(terms.candidacy.run)
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
        await trio.sleep(SOON + 1)
        assert terms.troubles == {}
        asked = shop.asked
        await trio.sleep(EVERY - SOON)
        assert shop.asked == asked


async def test_what_filing_learnt_is_looked_at_again_soon(autojump_clock: trio.testing.MockClock):
    shop = Shop(None)
    async with looking(shop) as terms:
        await trio.sleep(EVERY / 2)
        terms.candidacy.learn((Outcome("s1-a", REPOSITORY, "due", Reason.ISSUES_OFF),))
        await trio.sleep(SOON - 1)
        assert terms.troubles == {REPOSITORY: Reason.ISSUES_OFF}
        await trio.sleep(2)
        assert terms.troubles == {}
        assert shop.asked == 2


async def test_trouble_that_lasts_costs_a_few_calls_more_and_then_as_many_as_ever(
    autojump_clock: trio.testing.MockClock,
):
    shop = Shop(Rejected(Reason.ISSUES_OFF))
    async with looking(shop):
        await trio.sleep(SOON * (1 + 2 + 4 + 8) + 1)
        assert shop.asked == 5
        await trio.sleep(4 * EVERY)
        assert shop.asked == 9


@pytest.mark.parametrize(
    ("trouble", "interval", "in_vain", "seconds"),
    [
        (None, 4.0, 0, EVERY),
        (Reason.ISSUES_OFF, 4.0, 9, SOON),
        (Reason.ISSUES_OFF, 60.0, 9, 60.0),
        (Reason.ISSUES_OFF, 900.0, 0, SOON),
        (Reason.ISSUES_OFF, 900.0, 1, SOON),
        (Reason.ISSUES_OFF, 900.0, 2, 2 * SOON),
        (Reason.ISSUES_OFF, 900.0, 100_000, EVERY),
        (Reason.GITHUB_AWAY, 900.0, 9, SOON),
    ],
)
def test_who_may_not_file_asks_soon_then_more_rarely_and_once_a_bundle_where_those_are_frequent(
    trouble: Reason | None, interval: float, in_vain: int, seconds: float
):
    assert look_after([trouble] if trouble else [], interval, in_vain) == seconds
