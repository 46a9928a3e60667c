"""What is done about an error whose issue exists: every row of the table, with people who act on GitHub meanwhile."""

import itertools
import time
from collections.abc import Callable, Generator
from typing import Any

import pytest

from tests.fleet.conftest import Start
from tests.fleet.filing_node import FilingNode
from tests.fleet.shop import Shop, count_in, eventually
from tests.fleet.stories import new_shop
from tests.sender import Map, error
from tests.stage.standin import Hub

A_SECOND = 1.1  # seconds: GitHub's times have no fractions, so what lies further apart has another time
numbers = itertools.count(100)


class Bug:
    """One error that no other test has, and its issue."""

    def __init__(self, node: FilingNode, shop: Shop, **fields: Any) -> None:
        self.node, self.shop, self.fields = node, shop, fields
        self.number = next(numbers)
        self.name = f"Error{self.number}"

    def occur(self, times: int = 1) -> None:
        self.node.report(*[self.record()] * times)

    def record(self) -> Map:
        return error(self.number, **self.fields)

    def filed(self) -> int:
        """Three occurrences and the number of the issue that they make."""
        self.occur(3)
        self.node.bundle()
        return self.node.wait_state(self.name, "filed")["issue"]["number"]

    def occur_later(self, times: int = 1) -> None:
        """At a time that GitHub can tell from what just happened there."""
        time.sleep(A_SECOND)
        self.occur(times)
        self.node.bundle()

    def close(self, number: int, **fields: Any) -> None:
        """A person closes the issue, at a time that is later than what occurred."""
        time.sleep(A_SECOND)
        self.shop.act("close", number, **fields)

    def root(self) -> str:
        return self.node.error(self.name)["root"]

    def stays(self, state: str, reason: str) -> None:
        """It comes to this, and two more bundles leave it so."""
        self.node.wait_state(self.name, state, reason)
        self.node.bundles()
        row = self.node.error(self.name)
        assert (row["state"], row["reason"]) == (state, reason)

    def issue(self, number: int) -> dict[str, Any]:
        return self.shop.issue(number)

    def issues(self) -> list[dict[str, Any]]:
        """Issues whose title names it."""
        return [each for each in self.shop.issues() if self.name in each["title"].split(":")[0]]

    def wait(self, number: int, look: Callable[[dict[str, Any]], object], what: str) -> dict[str, Any]:
        """Until `look` says yes of the issue."""

        def looked() -> dict[str, Any] | None:
            issue = self.issue(number)
            return issue if look(issue) else None

        found = eventually(looked, what, shown=lambda: f"{self.issue(number)}\n{self.node.story()}")
        assert found is not None
        return found


def comments(issue: dict[str, Any]) -> list[str]:
    return [each["body"] for each in issue["comment_list"]]


def is_open(issue: dict[str, Any]) -> bool:
    return issue["state"] == "open"


@pytest.fixture(scope="module")
def common(hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> Generator[FilingNode]:
    """One node for all bugs that are filed with the usual settings."""
    with FilingNode(tmp_path_factory.mktemp("node"), new_shop(hub)) as node:
        yield node


@pytest.fixture
def bug(common: FilingNode) -> Bug:
    return Bug(common, common.shop)


# nothing was found


def test_nothing_found_one_issue_with_the_exact_count_and_our_labels(bug: Bug) -> None:
    number = bug.filed()
    issue = bug.issue(number)
    assert count_in(issue) == 3
    assert {label["name"] for label in issue["labels"]} >= {"error-aggregator", "bug"}
    claim = bug.shop.claim(bug.root())
    assert (claim["state"], claim["number"]) == ("filed", number)


# an open issue of ours


def test_an_open_issue_gets_its_count_written_when_that_gains_a_digit_and_no_comment(bug: Bug) -> None:
    number = bug.filed()
    bug.occur(4)
    bug.node.bundles()
    assert count_in(bug.issue(number)) == 3  # 7 has no more digits
    words = bug.issue(number)["body"].replace("Filed by", "Seen by alice, too. Filed by")
    bug.shop.act("edit", number, body=words)
    bug.occur(5)
    issue = bug.wait(number, lambda issue: count_in(issue) == 12, "12 occurrences in the body")
    assert "Seen by alice, too." in issue["body"]
    assert comments(issue) == []
    assert len(bug.issues()) == 1


def test_an_open_issue_is_written_at_most_once_in_the_update_interval(start: Start, shop: Shop) -> None:
    bug = Bug(start({"filing.update_interval": "1h"}), shop)
    number = bug.filed()
    bug.occur(20)
    bug.node.bundles()
    assert count_in(bug.issue(number)) == 3
    assert bug.node.error(bug.name)["count"] == 23


# closed as completed, and it occurred again


def test_an_error_that_occurred_before_its_issue_was_closed_is_no_regression(bug: Bug) -> None:
    number = bug.filed()
    bug.occur()
    bug.close(number)
    bug.node.restart()  # it looks at everything anew
    bug.node.bundles()
    assert not is_open(bug.issue(number))


def test_an_error_that_occurs_within_the_grace_after_closing_is_no_regression(start: Start, shop: Shop) -> None:
    bug = Bug(start({"filing.closing_grace": "1h"}), shop)
    number = bug.filed()
    bug.close(number)
    bug.occur_later(3)
    bug.stays("filed", "CLOSED_QUIET")
    assert not is_open(bug.issue(number))


def test_a_completed_issue_is_reopened_with_one_comment_when_its_error_occurs_again(bug: Bug) -> None:
    number = bug.filed()
    bug.close(number)
    bug.occur_later()
    bug.wait(number, is_open, "reopened")
    bug.node.bundles()
    issue = bug.issue(number)
    assert len(comments(issue)) == 1
    assert count_in(issue) == 4
    assert len(bug.issues()) == 1


def test_an_issue_that_flaps_is_left_to_a_human(start: Start, shop: Shop) -> None:
    bug = Bug(start({"filing.flap_limit": 1}), shop)
    number = bug.filed()
    bug.close(number)
    bug.occur_later()
    bug.wait(number, is_open, "reopened once")
    bug.close(number)
    bug.occur_later(2)
    bug.stays("filed", "FLAPPING")
    assert not is_open(bug.issue(number))
    assert len(comments(bug.issue(number))) == 2


def test_with_new_linked_a_second_issue_names_the_first(start: Start, shop: Shop) -> None:
    bug = Bug(start({"filing.regression": "new-linked"}), shop)
    number = bug.filed()
    bug.close(number)
    bug.occur_later()
    second = eventually(lambda: [i for i in bug.issues() if i["number"] != number], "a second", shown=bug.node.story)
    bug.node.bundles()
    assert not is_open(bug.issue(number))
    assert len(bug.issues()) == 2
    assert f"#{number}" in second[0]["body"]
    assert bug.node.error(bug.name)["issue"]["number"] == second[0]["number"]


def test_with_comment_a_closed_issue_is_told_once_and_stays_closed(start: Start, shop: Shop) -> None:
    bug = Bug(start({"filing.regression": "comment"}), shop)
    number = bug.filed()
    bug.close(number)
    bug.occur_later()
    bug.wait(number, lambda issue: len(comments(issue)) == 1, "a comment")
    bug.occur(3)
    bug.node.bundles()
    assert len(comments(bug.issue(number))) == 1
    assert not is_open(bug.issue(number))


# closed as not planned


def test_closed_as_not_planned_by_a_writer_is_never_filed_again(bug: Bug) -> None:
    number = bug.filed()
    bug.close(number, state_reason="not_planned")
    bug.occur_later(20)
    bug.stays("refused", "NOT_PLANNED")
    bug.node.restart()
    bug.occur(20)
    bug.stays("refused", "NOT_PLANNED")
    assert not is_open(bug.issue(number))
    assert len(bug.issues()) == 1


def test_closed_as_not_planned_by_somebody_who_may_not_write_is_only_closed(bug: Bug) -> None:
    number = bug.filed()
    bug.close(number, login="trent", state_reason="not_planned")
    bug.occur_later()
    bug.wait(number, is_open, "reopened")
    assert len(bug.issues()) == 1


# closed as a duplicate


def test_a_duplicate_is_followed_to_its_canonical_issue_and_nothing_new_is_made(bug: Bug) -> None:
    number = bug.filed()
    canonical = bug.shop.act("open", title="The shop is down", body="All of it")["number"]
    bug.close(number, duplicate_of=canonical)
    bug.occur_later(2)
    bug.wait(canonical, lambda issue: len(comments(issue)) == 1, "the canonical issue is told the counts")
    bug.occur(20)
    bug.node.bundles()
    assert len(comments(bug.issue(canonical))) == 1
    assert not is_open(bug.issue(number))
    assert len(bug.issues()) == 1


@pytest.mark.parametrize(("steps", "reached"), [(5, True), (6, False)])
def test_a_chain_of_duplicates_is_followed_five_steps(bug: Bug, steps: int, reached: bool) -> None:
    number = bug.filed()
    chain = [number, *(bug.shop.act("open", title=f"Link {n}", body="-")["number"] for n in range(steps))]
    for duplicate, canonical in itertools.pairwise(chain):
        bug.shop.act("close", duplicate, duplicate_of=canonical)
    bug.occur_later(2)
    if reached:
        bug.wait(chain[-1], lambda issue: len(comments(issue)) == 1, "the last of the chain is told")
    else:
        bug.stays("filed", "DUPLICATE_LOST")
        assert comments(bug.issue(chain[-1])) == []
    assert len(bug.issues()) == 1


def test_a_canonical_issue_that_is_fixed_and_back_is_reopened(bug: Bug) -> None:
    number = bug.filed()
    canonical = bug.shop.act("open", title="The shop is down", body="All of it")["number"]
    bug.close(number, duplicate_of=canonical)
    bug.shop.act("close", canonical)
    bug.occur_later()
    bug.wait(canonical, is_open, "the canonical issue is reopened")
    assert not is_open(bug.issue(number))


# deleted, transferred


def test_a_deleted_issue_is_never_filed_again_until_an_operator_refiles_it(bug: Bug) -> None:
    number = bug.filed()
    bug.shop.act("delete", number)
    bug.occur_later(20)
    bug.stays("refused", "GONE")
    bug.node.restart()
    bug.occur(3)
    bug.stays("refused", "GONE")
    assert len(bug.issues()) == 1
    bug.node.cli("refile", bug.node.error(bug.name)["signature"])
    bug.node.wait_state(bug.name, "filed")
    assert len([each for each in bug.shop.open_issues() if bug.name in each["title"]]) == 1
    assert bug.node.error(bug.name)["issue"]["number"] != number


def test_a_transferred_issue_is_followed_where_this_node_files_too(start: Start, shop: Shop) -> None:
    other = Shop(shop.hub, f"{shop.name}-2")
    shop.hub.steer("/repositories", {"full_name": other.name})
    bug = Bug(start({"github.routes": {"warehouse": other.name}}), shop)
    number = bug.filed()
    there = bug.shop.act("transfer", number, to=other.name)
    bug.occur_later(10)
    moved = Bug(bug.node, other)
    moved.wait(there["number"], lambda issue: count_in(issue) == 13, "the status is kept up where the issue is")
    assert shop.open_issues() == []
    assert len(other.open_issues()) == 1


def test_an_issue_that_was_transferred_out_of_reach_is_left_alone(start: Start, shop: Shop) -> None:
    other = Shop(shop.hub, f"{shop.name}-2")
    shop.hub.steer("/repositories", {"full_name": other.name})
    bug = Bug(start(), shop)
    number = bug.filed()
    there = bug.shop.act("transfer", number, to=other.name)
    bug.occur_later(10)
    bug.node.wait_reason(bug.name, "TRANSFERRED")
    bug.node.bundles()
    assert count_in(other.issue(there["number"])) == 3
    assert shop.open_issues() == []


# a human was first


def words(bug: Bug) -> dict[str, Any]:
    """What a person writes who saw the traceback."""
    record = bug.record()
    frame = record["exceptions"][0]["frames"][-1]
    place = f"{frame['module']} {frame['function']}"
    text = f"Since Tuesday:\n\n    app.errors.{record['type']}: {record['message']}\n\nin {place}"
    return {"title": f"{record['type']} at night", "body": text}


@pytest.mark.parametrize("who", ["trent", "alice"])
def test_a_report_by_somebody_who_may_triage_gets_the_counts_once_and_no_second_issue_is_made(
    bug: Bug, who: str
) -> None:
    report = bug.shop.act("open", login=who, **words(bug))["number"]
    assert bug.filed() == report
    bug.node.bundles()
    bug.occur(20)
    bug.node.bundles()
    issue = bug.issue(report)
    assert len(comments(issue)) == 1
    assert "3" in comments(issue)[0]
    assert "Occurrences" not in issue["body"]  # a person's words are theirs
    assert [each["number"] for each in bug.issues()] == [report]
    claim = bug.shop.claim(bug.root())
    assert (claim["state"], claim["number"], claim["adopted"]) == ("filed", report, True)


def test_a_report_by_a_stranger_is_no_reason_to_stay_silent(bug: Bug) -> None:
    report = bug.shop.act("open", login="mallory", **words(bug))["number"]
    assert bug.filed() != report
    assert comments(bug.issue(report)) == []


def test_a_report_of_the_same_type_from_elsewhere_with_other_words_is_another_bug(bug: Bug) -> None:
    other: dict[str, Any] = {"title": bug.name, "body": f"app.errors.{bug.name}: no space left in app.disk write"}
    report = bug.shop.act("open", login="alice", **other)["number"]
    assert bug.filed() != report
    assert comments(bug.issue(report)) == []


def test_a_closed_report_is_not_adopted(bug: Bug) -> None:
    report = bug.shop.act("open", login="alice", **words(bug))["number"]
    bug.shop.act("close", report)
    assert bug.filed() != report
