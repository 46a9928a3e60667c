"""Fails now and then: too seldom for an issue, until the third time."""

from did import did

import aggregator


class ReportError(Exception):
    pass


def render(month: str) -> None:
    raise ReportError(f"no sales in {month}")


aggregator.install(service="reports", release="1.2")
did("reports")
render("October")
