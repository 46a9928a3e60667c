"""When an error becomes an issue: not before its threshold, never without consent, then once, at the next bundle."""

import time

from tests.fleet.conftest import Start
from tests.fleet.filing_node import BY_HAND, FilingNode
from tests.fleet.shop import Shop, count_in, eventually
from tests.sender import error

WINDOW = 2.0  # seconds, as in SHORT


def next_window() -> None:
    """Until a window has begun that is later than any before."""
    time.sleep(WINDOW - time.time() % WINDOW + 0.05)


def test_two_occurrences_are_no_issue_and_a_third_in_a_later_window_makes_one_at_the_next_bundle(
    shop: Shop, start: Start
) -> None:
    node = start(BY_HAND)
    node.report(error(1), error(1))
    assert node.cli("bundle", "--now")["created"] == 0
    row = node.error("Error1")
    assert (row["count"], row["state"], row["reason"]) == (2, "new", "BELOW_THRESHOLD")
    assert shop.issues() == []
    next_window()
    node.report(error(1))
    assert node.error("Error1")["state"] == "due"
    assert shop.issues() == []  # not before the bundle
    assert node.cli("bundle", "--now")["created"] == 1
    (issue,) = shop.open_issues()
    assert count_in(issue) == 3
    assert node.error("Error1")["issue"]["number"] == issue["number"]
    assert node.cli("bundle", "--now")["created"] == 0
    assert len(shop.issues()) == 1


def test_one_critical_occurrence_is_enough_at_the_next_bundle(shop: Shop, start: Start) -> None:
    node = start(BY_HAND)
    node.report(error(1, severity="critical"), error(2, severity="high"))
    assert shop.issues() == []
    assert node.cli("bundle", "--now")["created"] == 1
    (issue,) = shop.open_issues()
    assert issue["title"].startswith("Error1")
    assert count_in(issue) == 1
    assert node.error("Error2")["reason"] == "BELOW_THRESHOLD"


def test_ticks_come_by_themselves(shop: Shop, start: Start) -> None:
    node = start()
    node.report(*[error(1)] * 3)
    node.wait_state("Error1", "filed")
    assert len(shop.open_issues()) == 1


def asked(node_shop: Shop) -> list[str]:
    """Everything that was asked of GitHub, whatever repository it is about."""
    every = node_shop.hub.steer("/requests", method="GET")
    return [f"{each['method']} {each['path']}" for each in every]


def test_a_fresh_installation_with_a_token_asks_github_nothing_until_it_is_enabled(shop: Shop, start: Start) -> None:
    node = start({"filing.issues": False})
    node.report(*[error(1)] * 5)
    node.wait_bundles(1)
    assert node.bundle()["created"] == 0
    row = node.wait_reason("Error1", "FILING_OFF")
    assert row["state"] == "due"
    node.restart()
    node.bundles()
    assert node.cli("status")["github_token"]["present"] is True
    assert asked(shop) == []
    assert node.run_cli("enable").returncode == 0
    node.wait_state("Error1", "filed")
    (issue,) = shop.issues()
    assert count_in(issue) == 5


def test_what_became_due_while_filing_was_off_is_filed_later_though_it_is_long_over(shop: Shop, start: Start) -> None:
    node: FilingNode = start({"filing.paused": True})
    node.report(*[error(1)] * 3)
    node.wait_state("Error1", "due", "FILING_OFF")
    node.restart()
    assert asked(shop) == []
    assert node.run_cli("resume").returncode == 0
    eventually(shop.open_issues, "one issue", shown=node.story)
    assert len(shop.issues()) == 1
