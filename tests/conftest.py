"""Rules that hold for every test.

How long an example of a law takes says nothing about the law, only about the machine. With AGGREGATOR_TEST_NO_SKIP=1
(CI) a skipped test is a failed one, and a law is tried on the same examples every time: new ones are looked for at the
desk, by `make test` and `make fuzz`, and not where a run must tell whether a change broke something.
"""

import os
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "any machine",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("AGGREGATOR_TEST_NO_SKIP")),
)
settings.load_profile("any machine")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("AGGREGATOR_TEST_NO_SKIP"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped where nothing may be: {report.longrepr}"
    return report
