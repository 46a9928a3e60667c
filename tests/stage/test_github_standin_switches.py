"""The stand-in with its switches: lost answers, lagging reads, limits, states, permissions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import requests

from tests.stage.standin import Hub, eventually, message, started


@pytest.fixture(scope="module")
def running() -> Iterator[Hub]:
    with started() as hub:
        yield hub


@pytest.fixture
def hub(running: Hub) -> Iterator[Hub]:
    yield running
    running.calm()
    running.steer("/limits", {"strict": []})


def titles(hub: Hub) -> list[str]:
    return [issue["title"] for issue in hub.steer("/issues", method="GET")]


def lost(hub: Hub, title: str) -> None:
    """Create an issue and get no answer, as PyGithub's transport sees it too."""
    headers = {"Authorization": f"token {hub.token}"}
    with requests.Session() as session:
        session.trust_env = False
        with pytest.raises(requests.exceptions.ConnectionError):
            session.post(f"{hub.url}{hub.base}/issues", json={"title": title}, headers=headers, timeout=15)


def test_flt_01_an_answer_is_lost_after_the_act(hub: Hub):
    hub.fault("FLT-01", method="POST", path="/issues$")
    lost(hub, "flt-01")
    assert titles(hub).count("flt-01") == 1
    assert hub.post("issues", {"title": "flt-01 next"}).status_code == 201
    record = next(each for each in hub.steer("/requests", method="GET") if '"flt-01"' in each["body"])
    assert (record["status"], record["switch"]) == (None, "FLT-01")


def test_a_switch_lets_as_many_requests_pass_first_as_it_is_told_to_skip(hub: Hub):
    hub.fault("FLT-03", method="POST", path="/issues$", skip=1)
    assert [hub.post("issues", {"title": f"skip {n}"}).status_code for n in range(3)] == [201, 502, 201]


def test_flt_02_a_request_is_lost_before_the_act(hub: Hub):
    hub.fault("FLT-02", method="POST", path="*/issues", times=2)
    lost(hub, "flt-02")
    with pytest.raises(httpx.TransportError):
        hub.post("issues", {"title": "flt-02"})
    assert "flt-02" not in titles(hub)
    assert hub.post("issues", {"title": "flt-02"}).status_code == 201


@pytest.mark.parametrize("status", [502, 503, 504])
@pytest.mark.parametrize("when", ["before", "after"])
def test_flt_03_server_errors_come_before_or_after_the_effect(hub: Hub, status: int, when: str):
    title = f"flt-03 {status} {when}"
    hub.fault("FLT-03", method="POST", path="/issues$", status=status, when=when)
    assert hub.post("issues", {"title": title}).status_code == status
    assert titles(hub).count(title) == (when == "after")


def test_flt_04_the_list_lags_behind_the_number(hub: Hub):
    hub.fault("FLT-04", seconds=60)
    number = hub.issue()["number"]
    assert number not in [issue["number"] for issue in hub.get("issues?state=all").json()]
    assert hub.get(f"issues/{number}").status_code == 200
    hub.steer("/clock", {"advance": 61})
    assert number in [issue["number"] for issue in hub.get("issues?state=all").json()]


def test_flt_05_ref_reads_lag_while_writes_compare_exactly(hub: Hub):
    first = hub.branch("flt-05")
    hub.steer("/clock", {"advance": 100})
    hub.fault("FLT-05", seconds=60)
    second = hub.commit(first, "second")
    fresh = hub.post("git/refs", {"ref": "refs/fleet/flt-05", "sha": first})
    assert fresh.status_code == 201
    assert hub.get("git/ref/fleet/flt-05").status_code == 404
    assert hub.patch("git/refs/heads/flt-05", {"sha": second}).json()["object"]["sha"] == second
    assert hub.head("flt-05") == first
    taken = hub.post("git/refs", {"ref": "refs/fleet/flt-05", "sha": second})
    assert (taken.status_code, taken.json()["message"]) == (422, "Reference already exists")
    sibling = hub.commit(first, "sibling")
    assert hub.patch("git/refs/heads/flt-05", {"sha": sibling}).status_code == 422
    hub.steer("/clock", {"advance": 61})
    assert hub.head("flt-05") == second
    assert hub.get("git/ref/fleet/flt-05").status_code == 200


def test_flt_06_a_request_is_delivered_twice(hub: Hub):
    hub.fault("FLT-06", method="POST", path="/issues$")
    assert hub.post("issues", {"title": "flt-06"}).status_code == 201
    assert titles(hub).count("flt-06") == 2
    hub.fault("FLT-06", method="POST", path="/git/refs$")
    answer = hub.post("git/refs", {"ref": "refs/fleet/flt-06", "sha": hub.head()})
    assert answer.status_code == 422
    assert hub.get("git/ref/fleet/flt-06").status_code == 200


@pytest.mark.parametrize("status", [403, 429])
def test_rte_01_the_primary_limit_does_nothing(hub: Hub, status: int):
    hub.fault("RTE-01", method="POST", status=status)
    answer = hub.post("issues", {"title": f"rte-01 {status}"})
    assert answer.status_code == status
    assert answer.json()["message"].startswith("API rate limit exceeded")
    assert answer.headers["x-ratelimit-remaining"] == "0"
    assert f"rte-01 {status}" not in titles(hub)


@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize("wait", [None, 7])
def test_rte_02_the_secondary_limit_does_nothing(hub: Hub, status: int, wait: int | None):
    hub.fault("RTE-02", method="POST", status=status, seconds=wait)
    answer = hub.post("issues", {"title": "rte-02"})
    assert answer.status_code == status
    assert answer.json()["message"].startswith("You have exceeded a secondary rate limit")
    assert answer.headers.get("retry-after") == (None if wait is None else str(wait))
    assert "rte-02" not in titles(hub)


def test_rte_03_more_than_80_creations_a_minute_and_500_an_hour_are_refused(hub: Hub):
    hub.fault("RTE-03")
    hub.steer("/limits", {})
    issue = hub.post("issues", {"title": "first"}).json()["number"]
    for minute in range(6):
        made = 80 if minute else 79
        statuses = [hub.post(f"issues/{issue}/comments", {"body": "x"}).status_code for _ in range(made)]
        assert statuses == [201] * made
        refused = hub.post(f"issues/{issue}/comments", {"body": "x"})
        assert (refused.status_code, "secondary rate limit" in message(refused)) == (403, True)
        hub.steer("/clock", {"advance": 61})
    last = [hub.post(f"issues/{issue}/comments", {"body": "x"}).status_code for _ in range(21)]
    assert last == [201] * 20 + [403]
    hub.steer("/clock", {"advance": 3700})
    assert hub.post(f"issues/{issue}/comments", {"body": "x"}).status_code == 201


def test_rte_04_search_and_graphql_have_their_own_buckets(hub: Hub):
    hub.fault("RTE-04")
    hub.steer("/limits", {})
    answers = [hub.get("/search/issues?q=is:issue") for _ in range(31)]
    assert [answer.status_code for answer in answers] == [200] * 30 + [403]
    assert answers[-1].headers["x-ratelimit-resource"] == "search"
    core = hub.get("")
    assert (core.status_code, int(core.headers["x-ratelimit-remaining"]) > 1_000) == (200, True)
    found = hub.post("/graphql", {"query": "{ viewer { login } }"})
    assert (found.status_code, found.headers["x-ratelimit-resource"]) == (200, "graphql")


def test_sta_01_disabled_issues_and_deleted_ones_are_410(hub: Hub):
    number = hub.issue()["number"]
    hub.fault("STA-01")
    assert hub.post("issues", {"title": "x"}).status_code == 410
    assert hub.get("").json()["has_issues"] is False
    hub.calm()
    assert hub.post("issues", {"title": "x"}).status_code == 201
    hub.steer("/issues", {"action": "delete", "number": number})
    gone = hub.get(f"issues/{number}")
    assert (gone.status_code, gone.json()["message"]) == (410, "This issue was deleted")
    assert number not in [issue["number"] for issue in hub.get("issues?state=all&per_page=100").json()]


def test_sta_02_an_empty_repository_has_no_git(hub: Hub):
    hub.fault("STA-02")
    answer = hub.get("git/ref/heads/main")
    assert (answer.status_code, answer.json()["message"]) == (409, "Git Repository is empty.")
    hub.calm()
    hub.steer("/repositories", {"full_name": "acme/empty", "empty": True})
    assert hub.post("/repos/acme/empty/git/refs", {"ref": "refs/heads/x", "sha": hub.head()}).status_code == 409
    first = {"message": "first", "content": "aGVsbG8="}
    assert hub.put("/repos/acme/empty/contents/a.txt", first).status_code == 201
    assert hub.get("/repos/acme/empty/git/ref/heads/main").status_code == 200


def test_sta_03_a_renamed_repository_redirects_on_the_same_host(hub: Hub):
    issue = hub.issue()["number"]
    hub.fault("STA-03", name="moved")
    answer = hub.get(f"issues/{issue}")
    assert answer.status_code == 301
    assert answer.headers["location"].startswith(f"{hub.url}/repositories/")
    followed = hub.get(answer.headers["location"]).json()
    assert followed["url"].endswith(f"/repos/acme/moved/issues/{issue}")
    assert hub.pygithub().full_name == "acme/moved"
    hub.calm()
    assert hub.get("").status_code == 200


def test_sta_04_an_archived_repository_is_read_only(hub: Hub):
    hub.fault("STA-04")
    answer = hub.post("issues", {"title": "x"})
    assert (answer.status_code, answer.json()["message"]) == (403, "Repository was archived so is read-only.")
    assert hub.get("issues").status_code == 200
    hub.calm()
    hub.steer(f"/repositories/{hub.repository}", {"archived": True}, "PATCH")
    assert hub.post("git/refs", {"ref": "refs/heads/x", "sha": hub.head()}).status_code == 403
    assert hub.patch("", {"archived": False}).json()["archived"] is False


def test_sta_05_only_writers_comment_on_a_locked_issue(hub: Hub):
    number = hub.issue()["number"]
    hub.steer(f"/repositories/{hub.repository}", {"private": False}, "PATCH")
    stranger = hub.steer("/tokens", {"login": "passer-by"})["token"]
    assert hub.post(f"issues/{number}/comments", {"body": "hi"}, token=stranger).status_code == 201
    hub.fault("STA-05", number=number)
    assert hub.post(f"issues/{number}/comments", {"body": "hi"}, token=stranger).status_code == 403
    assert hub.post(f"issues/{number}/comments", {"body": "hi"}).status_code == 201
    hub.steer(f"/repositories/{hub.repository}", {"private": True}, "PATCH")


def test_prm_01_without_push_labels_and_assignees_are_dropped_silently(hub: Hub):
    wanted = {"title": "t", "labels": ["x"], "assignees": ["alice"], "type": "Bug"}
    for token in (hub.readonly_token, hub.steer("/tokens", {"login": "reader"})["token"]):
        answer = hub.post("issues", wanted, token=token)
        issue = answer.json()
        assert answer.status_code == 201
        assert (issue["labels"], issue["assignees"], issue["type"]) == ([], [], None)
    hub.fault("PRM-01")
    assert hub.issue(labels=["x"])["labels"] == []


def suggested(hub: Hub, token: str) -> list[str]:
    owner, name = hub.repository.split("/")
    query = f"""{{ repository(owner: "{owner}", name: "{name}") {{
        suggestedActors(capabilities: [CAN_BE_ASSIGNED], first: 9) {{ nodes {{ login }} }} }} }}"""
    found = hub.graphql(query, token=token)
    return [node["login"] for node in found["data"]["repository"]["suggestedActors"]["nodes"]]


def test_prm_02_installations_cannot_assign_the_coding_agent(hub: Hub):
    made = hub.steer("/tokens", {"kind": "installation"})
    token = made["token"]
    assert re.fullmatch(r"ghs_[A-Za-z0-9._-]{36,}", token)
    number = hub.post("issues", {"title": "t"}, token=token).json()["number"]
    answer = hub.post(f"issues/{number}/assignees", {"assignees": ["copilot-swe-agent[bot]"]}, token=token)
    assert (answer.status_code, answer.json()["assignees"]) == (201, [])
    assert "copilot-swe-agent" not in suggested(hub, token)
    assert "copilot-swe-agent" in suggested(hub, hub.token)
    hub.fault("PRM-02")
    assert "copilot-swe-agent" not in suggested(hub, hub.token)


def test_cpl_01_the_agent_is_assigned_by_its_bot_login_only(hub: Hub):
    ignored = hub.post("issues", {"title": "t", "assignees": ["Copilot"]})
    assert (ignored.status_code, ignored.json()["assignees"]) == (201, [])
    number = ignored.json()["number"]
    edited = hub.patch(f"issues/{number}", {"assignees": ["Copilot"]})
    assert (edited.status_code, edited.json()["assignees"]) == (200, [])
    accepted = hub.post(f"issues/{number}/assignees", {"assignees": ["copilot-swe-agent[bot]"]})
    assert (accepted.status_code, [user["login"] for user in accepted.json()["assignees"]]) == (201, ["Copilot"])


def test_pag_01_an_insert_between_pages_repeats_and_misses_none(hub: Hub):
    made = {hub.issue(labels=["pag"])["number"] for _ in range(6)}
    hub.fault("PAG-01", path="/issues$")
    seen: list[int] = []
    page: str | None = "issues?per_page=3"
    for _ in range(3):
        answer = hub.get(page)
        seen += [issue["number"] for issue in answer.json()]
        page = answer.links["next"]["url"]
    assert made <= set(seen)
    assert len(set(seen)) == len(seen) - 1


def test_tim_01_times_are_whole_seconds_and_updates_move_them(hub: Hub):
    number = hub.issue()["number"]
    last = ""
    for act in (
        lambda: hub.post(f"issues/{number}/comments", {"body": "c"}),
        lambda: hub.post(f"issues/{number}/labels", ["tim"]),
        lambda: hub.patch(f"issues/{number}", {"body": "edited"}),
    ):
        hub.steer("/clock", {"advance": 2})
        assert act().status_code < 300
        updated = hub.get(f"issues/{number}").json()["updated_at"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", updated)
        assert updated > last
        last = updated


def test_log_01_the_life_of_a_log_address_can_be_shortened(hub: Hub):
    run = hub.steer("/runs", {"jobs": [{"log": "text"}]})
    hub.fault("LOG-01", seconds=5)
    location = hub.get(f"actions/jobs/{run['jobs'][0]['id']}/logs").headers["location"]
    hub.steer("/clock", {"advance": 6})
    assert hub.http.get(location).status_code == 403


def test_srch_the_lag_of_search_is_a_switch(hub: Hub):
    hub.fault("SRCH", seconds=500)
    number = hub.issue(title="late bloomer")["number"]
    query = f"/search/issues?q={quote('late bloomer')}"
    hub.steer("/clock", {"advance": 100})
    assert hub.get(query).json()["total_count"] == 0
    hub.steer("/clock", {"advance": 401})
    assert [issue["number"] for issue in hub.get(query).json()["items"]] == [number]


def test_a_transferred_issue_redirects_to_its_new_place(hub: Hub):
    hub.steer("/repositories", {"full_name": "acme/other"})
    number = hub.issue(title="moving")["number"]
    moved = hub.steer("/issues", {"action": "transfer", "number": number, "to": "acme/other"})
    answer = hub.get(f"issues/{number}")
    assert (answer.status_code, answer.headers["location"]) == (301, moved["url"])
    assert hub.get(answer.headers["location"]).json()["title"] == "moving"


def test_a_revoked_token_is_bad_credentials(hub: Hub):
    token = hub.steer("/tokens", {"login": "alice"})["token"]
    assert hub.get("/user", token=token).status_code == 200
    hub.steer("/tokens", {"token": token}, "DELETE")
    assert hub.get("/user", token=token).status_code == 401


def test_a_token_without_contents_files_issues_but_writes_no_refs(hub: Hub):
    given = {"login": "fleet-bot", "kind": "fine-grained", "permissions": {"issues": "write"}}
    token = hub.steer("/tokens", given)["token"]
    assert hub.post("issues", {"title": "t", "labels": ["x"]}, token=token).json()["labels"]
    refused = hub.post("git/refs", {"ref": "refs/fleet/no", "sha": hub.head()}, token=token)
    assert (refused.status_code, "Resource not accessible" in message(refused)) == (403, True)
    assert hub.get("issues", token=token).status_code == 200
    assert hub.get("git/ref/heads/main", token=token).status_code == 403
    assert hub.get("actions/runs", token=token).status_code == 403


def test_people_act_with_their_own_rights(hub: Hub):
    made: dict[str, Any] = hub.steer("/issues", {"login": "dave", "permission": "triage", "title": "by hand"})
    assert (made["user"]["login"], made["author_association"]) == ("dave", "MEMBER")
    closed = {"action": "close", "number": made["number"], "login": "dave", "state_reason": "not_planned"}
    hub.steer("/issues", closed)
    issue = hub.get(f"issues/{made['number']}").json()
    assert (issue["state_reason"], issue["closed_by"]["login"]) == ("not_planned", "dave")
    assert hub.get("collaborators/dave/permission").json()["role_name"] == "triage"


def test_an_unknown_switch_is_refused_by_name(hub: Hub):
    answer = hub.http.post(f"{hub.control}/faults", json={"id": "XYZ-99"})
    assert (answer.status_code, "XYZ-99" in answer.json()["message"]) == (422, True)


def test_limits_refuse_only_when_strict(hub: Hub):
    hub.steer("/limits", {"limits": {"core": 3}})
    assert [hub.get("").status_code for _ in range(5)] == [200] * 5
    hub.steer("/limits", {"strict": ["core"]})
    statuses = [hub.get("").status_code for _ in range(5)]
    hub.steer("/limits", {"limits": {"core": 5_000}, "strict": []})
    assert statuses == [200, 200, 200, 403, 403]


def test_a_slow_answer_outlasts_the_clients_patience(hub: Hub):
    hub.fault("SLOW", method="POST", seconds=2)
    with pytest.raises(httpx.ReadTimeout):
        hub.post("issues", {"title": "slow"}, timeout=0.1)
    assert eventually(lambda: "slow" in titles(hub))
