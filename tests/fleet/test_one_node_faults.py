"""GitHub fails in every way that the stand-in can: no duplicate, nothing lost, a reason to read, and it goes on."""

import secrets
import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.fleet.conftest import Start
from tests.fleet.filing_node import FilingNode
from tests.fleet.founding import reserve
from tests.fleet.harness import NO_TICKS
from tests.fleet.shop import Shop, count_in, eventually
from tests.fleet.stories import Story, tell
from tests.sender import error
from tests.stage.standin import Hub, started

LONG = 3600.0  # seconds; a lag that does not end within a test
ALWAYS = 100_000  # times
ISSUES, REFS, COMMITS, CLAIM = "/issues$", "/git/refs$", "/git/commits$", "/git/ref/"


def fault(identifier: str, method: str = "", path: str = "", **options: Any) -> dict[str, Any]:
    return {"identifier": identifier, "method": method, "path": path, **options}


class Case(NamedTuple):
    """Something that goes wrong, and the reason that is shown for it meanwhile."""

    reason: str
    faults: Sequence[dict[str, Any]]

    def __str__(self) -> str:
        return " ".join(
            "-".join(str(value) for key, value in each.items() if value and key != "times") for each in self.faults
        )


ONCE = [
    Case("OUTCOME_UNKNOWN", [fault("FLT-01", "POST", ISSUES)]),
    Case("OUTCOME_UNKNOWN", [fault("FLT-01", "POST", ISSUES), fault("FLT-04", seconds=LONG)]),
    Case("OUTCOME_UNKNOWN", [fault("FLT-02", "POST", ISSUES)]),
    Case("OUTCOME_UNKNOWN", [fault("FLT-03", "POST", ISSUES, status=502, when="after")]),
    Case("OUTCOME_UNKNOWN", [fault("FLT-03", "POST", ISSUES, status=504, when="before")]),
    Case("RATE_LIMITED", [fault("RTE-01", "POST", ISSUES, status=403, seconds=2)]),
    Case("RATE_LIMITED", [fault("RTE-01", status=429, seconds=2)]),
    Case("RATE_LIMITED", [fault("RTE-02", "POST", REFS, status=403, retry_after=2)]),
    Case("RATE_LIMITED", [fault("RTE-02", "POST", ISSUES, status=429, retry_after=2)]),
]
UNTIL_CLEARED = [
    Case("GITHUB_AWAY", [fault("FLT-02", "POST", COMMITS, times=ALWAYS)]),
    Case("GITHUB_AWAY", [fault("FLT-01", "POST", COMMITS, times=ALWAYS)]),
    Case("GITHUB_AWAY", [fault("FLT-02", "POST", REFS, times=ALWAYS)]),
    Case("GITHUB_AWAY", [fault("FLT-03", "GET", ISSUES, status=503, times=ALWAYS)]),
    Case("ISSUES_OFF", [fault("STA-01")]),
    Case("CLAIM_REFUSED", [fault("STA-02")]),
    Case("FORBIDDEN", [fault("STA-04")]),
    Case("FORBIDDEN", [fault("PRM-01")]),
]


def assert_one(shop: Shop, node: FilingNode, count: int = 3) -> dict[str, Any]:
    """It comes to one open issue with this count, and that stays so."""
    row = node.wait_state("Error1", "filed")
    node.bundles()
    (issue,) = shop.open_issues()
    assert count_in(issue) == count
    assert node.error("Error1")["issue"]["number"] == row["issue"]["number"] == issue["number"]
    claim = shop.claim(row["root"])
    assert (claim["state"], claim["number"]) == ("filed", issue["number"])
    return issue


def assert_told(node: FilingNode, reason: str) -> None:
    """`errors` and `status` say why it is not filed."""
    row = node.wait_reason("Error1", reason)
    assert row["state"] in ("due", "waiting", "refused")
    assert row["issue"] is None
    filing = node.status()["filing"]
    assert (filing["pending"], filing["waiting"]) == (1, {reason: 1})


def goes_wrong(case: Case) -> Story:
    """It goes wrong, is told, is cleared away if need be, and one issue comes of it."""

    def story(shop: Shop, node: FilingNode) -> None:
        for each in case.faults:
            shop.fault(**each)
        node.report(*[error(1)] * 3)
        node.bundle()
        assert_told(node, case.reason)
        if case in UNTIL_CLEARED:
            assert shop.issues() == []
            shop.calm()
        else:
            eventually(lambda: node.bundle() and node.error("Error1")["state"] == "filed", "filed", shown=node.story)
        assert_one(shop, node)
        assert len(shop.issues()) == 1
        assert node.status()["filing"]["trouble"] == {}

    return story


def test_what_goes_wrong_once_is_told_and_got_over(hub: Hub, tmp_path: Path) -> None:
    """Without ticks: a run that comes too soon would get over it before anybody has looked."""
    stories = {str(case): goes_wrong(case) for case in ONCE}
    assert tell(hub, tmp_path, stories, {"bundle.interval": NO_TICKS}) == []


def test_what_goes_wrong_for_long_is_told_and_over_when_it_ends(hub: Hub, tmp_path: Path) -> None:
    assert tell(hub, tmp_path, {str(case): goes_wrong(case) for case in UNTIL_CLEARED}) == []


def concerns_other_things(identifier: str) -> Story:
    def story(shop: Shop, node: FilingNode) -> None:
        shop.fault(identifier)
        node.report(*[error(1)] * 3)
        assert_one(shop, node)

    return story


def test_what_concerns_other_things_changes_nothing(hub: Hub, tmp_path: Path) -> None:
    others = ("PRM-02", "CPL-01", "TIM-01", "LOG-01", "HOK-01")
    assert tell(hub, tmp_path, {each: concerns_other_things(each) for each in others}) == []


@pytest.mark.slow
def test_a_limit_that_names_no_time_is_stayed_away_from_for_a_minute(shop: Shop, start: Start) -> None:
    node = start()
    shop.fault("RTE-02", "POST", ISSUES)
    node.report(*[error(1)] * 3)
    assert_told(node, "RATE_LIMITED")
    asked = len(shop.requests())
    node.bundles(5)
    assert len(shop.requests()) == asked
    eventually(shop.open_issues, "filed after a minute", patience=90, shown=node.story)
    assert_one(shop, node)


def lose_everything(node: FilingNode) -> None:
    """The disk is gone; only what all nodes of a fleet share comes back, the marker key."""
    node.kill()
    state = node.directory / "state"
    key = (state / "marker.key").read_bytes()
    shutil.rmtree(state)
    state.mkdir(mode=0o700)
    (state / "marker.key").write_bytes(key)
    (state / "marker.key").chmod(0o600)
    node.start()


def test_a_list_that_lags_hides_no_issue_from_a_node_that_lost_its_database(shop: Shop, start: Start) -> None:
    shop.fault("FLT-04", seconds=LONG)
    node = start()
    node.report(*[error(1)] * 3)
    assert_one(shop, node)
    lose_everything(node)
    node.report(*[error(1)] * 3)
    assert_one(shop, node)
    assert len(shop.issues()) == 1


def reads_refs_as_they_were(**answer: str) -> Story:
    def story(shop: Shop, node: FilingNode) -> None:
        shop.fault("FLT-05", seconds=LONG, **answer)
        shop.fault("FLT-04", seconds=LONG)
        shop.fault("FLT-01", "POST", ISSUES)
        node.report(*[error(1)] * 3)
        assert_told(node, "OUTCOME_UNKNOWN")
        node.restart()
        assert_told(node, "CLAIMED_BY_OTHER")
        node.wait_bundles(5)
        assert len(shop.issues()) == 1
        shop.calm()
        assert_one(shop, node)
        assert len(shop.issues()) == 1

    return story


def made_twice(answer: str) -> Story:
    def story(shop: Shop, node: FilingNode) -> None:
        shop.fault("FLT-06", "POST", REFS, answer=answer)
        shop.fault("FLT-06", "PATCH", "/git/refs/", answer=answer)
        node.report(*[error(1)] * 3)
        assert_one(shop, node)
        assert len(shop.issues()) == 1

    return story


def test_what_is_told_of_claims_may_be_old_or_twice_and_makes_no_second_issue(hub: Hub, tmp_path: Path) -> None:
    stories = {
        "404": reads_refs_as_they_were(answer="404"),
        "old": reads_refs_as_they_were(),
        "twice, the first answer": made_twice("first"),
        "twice, the second answer": made_twice("second"),
    }
    assert tell(hub, tmp_path, stories) == []


def test_an_issue_that_a_middlebox_posted_twice_is_closed_as_duplicate(shop: Shop, start: Start) -> None:
    node = start()
    shop.fault("FLT-06", "POST", ISSUES)
    node.report(*[error(1)] * 3)
    eventually(lambda: len(shop.issues()) == 2 and len(shop.open_issues()) == 1, "one open", shown=node.story)
    node.bundles()
    lower, higher = sorted(shop.issues(), key=lambda issue: issue["number"])
    assert (lower["state"], higher["state"], higher["duplicate_of"]) == ("open", "closed", lower["number"])
    node.restart()
    node.report(*[error(1)] * 9)
    eventually(lambda: count_in(shop.issue(lower["number"])) == 12, "the lower is kept up", shown=node.story)
    assert len(shop.open_issues()) == 1


def test_a_repository_that_is_renamed_is_filed_to_under_its_new_name(shop: Shop, start: Start) -> None:
    node = start()
    node.report(*[error(1)] * 3)
    assert_one(shop, node)
    shop.change(new_name=f"{shop.name.split('/')[1]}-new")
    renamed = Shop(shop.hub, f"{shop.name}-new")
    node.report(*[error(1)] * 9, *[error(2)] * 3)
    node.wait_state("Error2", "filed")
    first, second = renamed.issues()
    eventually(lambda: count_in(renamed.issue(first["number"])) == 12, "the first is kept up", shown=node.story)
    assert count_in(second) == 3


def test_a_locked_issue_is_reopened_all_the_same(shop: Shop, start: Start) -> None:
    node = start({"filing.closing_grace": "0s"})
    node.report(*[error(1)] * 3)
    number = assert_one(shop, node)["number"]
    shop.act("lock", number)
    shop.act("close", number)
    eventually(lambda: not shop.open_issues(), "closed")
    node.report(error(1, time=2_000_000_000))
    assert eventually(shop.open_issues, "reopened", shown=node.story)[0]["number"] == number


def token(shop: Shop, **fields: Any) -> str:
    return shop.hub.steer("/tokens", {"repository": shop.name, **fields})["token"]


def test_an_issue_whose_labels_github_dropped_is_not_filed_again(shop: Shop, start: Start) -> None:
    rights = {"contents": "write", "issues": "read", "metadata": "read"}
    weak = token(shop, login="weak-bot", kind="fine-grained", permissions=rights, permission="push")
    node = start(token=weak)
    node.report(*[error(1)] * 3)
    assert_one(shop, node)
    assert shop.issues()[0]["labels"] == []
    lose_everything(node)
    node.report(*[error(1)] * 3)
    assert_one(shop, node)
    assert len(shop.issues()) == 1


def test_issues_that_are_opened_between_two_pages_hide_none(shop: Shop, start: Start) -> None:
    for number in range(101):
        shop.github.issue(title=f"Old {number}", labels=["error-aggregator"])
    shop.fault("PAG-01", "GET", ISSUES, times=10)
    node = start()
    node.report(*[error(1)] * 3)
    row = node.wait_state("Error1", "filed")
    claim = shop.github.delete(f"git/refs/error-aggregator/issue/{row['root']}")
    assert claim.status_code == 204
    lose_everything(node)  # now only the list knows
    shop.fault("PAG-01", "GET", ISSUES, times=10)
    node.report(*[error(1)] * 3)
    again = node.wait_state("Error1", "filed")
    assert again["issue"] == row["issue"]
    assert len([each for each in shop.issues() if each["title"].startswith("Error1")]) == 1


def test_a_revoked_token_keeps_all_that_is_due_until_there_is_another(shop: Shop, start: Start) -> None:
    old = token(shop, login="fleet-bot")
    node = start(token=old)
    node.wait_bundles(1)
    shop.hub.steer("/tokens", {"token": old}, method="DELETE")
    node.report(*[error(1)] * 3)
    assert_told(node, "BAD_CREDENTIALS")
    node.stop()
    node.environment["GITHUB_TOKEN"] = shop.hub.token
    node.start()
    assert_one(shop, node)


def test_a_repository_that_is_gone_moves_or_whose_token_is_exchanged_while_the_node_runs_is_waited_for(
    shop: Shop, tmp_path: Path
) -> None:
    credential, old = tmp_path / "github-token", token(shop, login="passing-bot", permission="push")
    credential.write_text(old)
    node = FilingNode(tmp_path, shop)
    node.environment["CREDENTIALS_DIRECTORY"] = str(tmp_path)
    with node:
        node.report(*[error(1)] * 3)
        assert_one(shop, node)
        bot = {"repository": shop.name, "login": "passing-bot"}
        shop.hub.steer("/collaborators", {**bot, "permission": "none"})
        node.report(*[error(2)] * 3)
        node.wait_reason("Error2", "REPOSITORY_MISSING")  # what GitHub says of a deleted one, too
        assert node.status()["filing"]["trouble"] == {shop.name: "REPOSITORY_MISSING"}
        shop.hub.steer("/collaborators", {**bot, "permission": "push"})
        node.wait_state("Error2", "filed")

        shop.change(new_owner="umbrella")
        moved = Shop(shop.hub, f"umbrella/{shop.name.split('/')[1]}")
        node.report(*[error(3)] * 3)
        node.wait_state("Error3", "filed")

        shop.hub.steer("/tokens", {"token": old}, method="DELETE")
        node.report(*[error(4)] * 3)
        node.wait_reason("Error4", "BAD_CREDENTIALS")
        credential.write_text(token(moved, login="new-bot", permission="push"))
        node.reload()
        node.wait_state("Error4", "filed")
        node.bundles()
        assert sorted(each["title"].split(":")[0] for each in moved.open_issues()) == [f"Error{n}" for n in range(1, 5)]
        assert not any("Traceback" in line for line in node.log_lines())


def test_github_that_is_away_altogether_is_waited_for(hub: Hub, tmp_path: Path) -> None:
    with ExitStack() as reserved:
        port, value = reserve(reserved), f"ghp_{secrets.token_hex(18)}"
        nowhere = Hub(f"http://127.0.0.1:{port}", value, "", "acme/shop", "")
        node = reserved.enter_context(FilingNode(tmp_path, Shop(nowhere, "acme/shop")))
        node.report(*[error(1)] * 3)
        assert_told(node, "GITHUB_AWAY")
        with started("--port", str(port)) as late:
            late.steer("/tokens", {"login": "fleet-bot", "token": value})
            assert_one(Shop(late, "acme/shop"), node)


# These move the stand-in's clock or its limits, which all repositories on it share.


def test_the_limit_on_content_slows_down_and_loses_nothing(tmp_path: Path) -> None:
    with started("--search-lag", "0") as hub, FilingNode(tmp_path, Shop(hub, hub.repository)) as node:
        shop = Shop(hub, hub.repository)
        shop.fault("RTE-03", per_minute=1)
        shop.fault("SLOW", "POST", ISSUES, skip=1, seconds=2.0)  # so that the time jumps before the second is refused
        node.report(*[error(1), error(2)] * 3)
        shop.wait_request("POST", ISSUES, 2)
        hub.steer("/clock", {"advance": 54})
        eventually(lambda: node.status()["filing"]["waiting"] == {"RATE_LIMITED": 1}, "told", shown=node.story)
        for name in ("Error1", "Error2"):
            node.wait_state(name, "filed")
        assert [count_in(each) for each in shop.issues()] == [3, 3]


def test_search_that_is_used_up_holds_up_nothing(tmp_path: Path) -> None:
    with started() as hub, FilingNode(tmp_path, Shop(hub, hub.repository)) as node:
        hub.fault("RTE-04")
        hub.steer("/limits", {"limits": {"search": 0}})
        node.report(*[error(1)] * 3)
        assert_one(Shop(hub, hub.repository), node)
