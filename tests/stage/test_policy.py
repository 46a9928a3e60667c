"""What the configuration becomes in the domain's own words."""

import pytest

from node.config import Config
from node.config.outward import Filing
from node.policy import settings_of


@pytest.mark.parametrize(
    ("age", "deadline", "gap"),
    [(600.0, 20.0, 120.0), (60.0, 20.0, 60.0), (6.0, 2.0, 6.0)],
)
def test_a_shorter_takeover_age_shortens_what_must_fit_into_it(age: float, deadline: float, gap: float) -> None:
    settings = settings_of(Config(filing=Filing(takeover_age=age)), "alice", "bot", b"k" * 32)
    assert (settings.create_deadline, settings.relist_gap) == (deadline, gap)
    assert settings.takeover_age > 2 * settings.create_deadline
