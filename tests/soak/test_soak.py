"""The soak in its shortest form, and that its verdict can be bad."""

from pathlib import Path

import pytest

from tests.soak.rows import GROWTH_MIB, SPARE, Row, growth, judge, trend
from tests.soak.run import soak

BEFORE = Row(0.0, 100.0, 30, 4, 70, 0, 0, 0, 0, 0, 1.0, 1.0, 1.0)


@pytest.mark.slow
async def test_everything_at_once_for_a_moment_leaves_nothing_behind(tmp_path: Path) -> None:
    said: list[str] = []
    run = await soak(tmp_path, 0.15, ["alice"], said.append, every=3.0, scale=0.05)
    assert run.wrong == [], "\n".join(said)


def test_flat_is_what_comes_back_to_where_it_was() -> None:
    under = [BEFORE._replace(minute=float(m), rss=110.0 + m % 3, fds=1000, tasks=300) for m in range(1, 61)]
    assert judge("alice", BEFORE, under, BEFORE._replace(fds=30 + SPARE), 10) == []
    assert (growth(under), trend(under)) == (1.0, 0.0)


def test_memory_that_grows_after_the_warm_up_is_told() -> None:
    under = [BEFORE._replace(minute=float(m), rss=100.0 + 2 * m) for m in range(1, 61)]
    (wrong,) = judge("alice", BEFORE, under, BEFORE, 10)
    assert f"memory grew by 100.0 MiB after minute 10: at most {GROWTH_MIB}" in wrong


@pytest.mark.parametrize("left", [{"fds": 31 + SPARE}, {"tasks": 71 + SPARE}, {"sessions": 1}])
def test_what_is_left_behind_is_told(left: dict[str, int]) -> None:
    assert len(judge("alice", BEFORE, [BEFORE], BEFORE._replace(**left), 0)) == 1
