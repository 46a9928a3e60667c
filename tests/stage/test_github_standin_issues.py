"""Issues, comments, labels, search on the stand-in, each as GitHub does it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import github
import pytest

from tests.stage.standin import Hub, message, started


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with started("--search-lag", "1000") as running:
        yield running


def numbers(found: list[dict[str, Any]]) -> list[int]:
    return [issue["number"] for issue in found]


def test_iss_01_create_answers_201_with_everything_and_a_location(hub: Hub):
    answer = hub.post("issues", {"title": "t", "body": "b"})
    issue = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == issue["url"] == f"{hub.url}{hub.base}/issues/{issue['number']}"
    assert issue["html_url"].endswith(f"/issues/{issue['number']}")
    assert (issue["state"], issue["user"]["login"], issue["comments"]) == ("open", "fleet-bot", 0)
    assert issue["id"] != issue["number"]
    assert issue["node_id"]
    assert (issue["closed_at"], issue["state_reason"], issue["author_association"]) == (None, None, "MEMBER")


def test_iss_02_the_same_body_twice_makes_two_issues(hub: Hub):
    assert hub.issue(title="twin")["number"] != hub.issue(title="twin")["number"]


def test_iss_03_a_created_issue_is_there_by_number_at_once(hub: Hub):
    issue = hub.issue()
    assert hub.get(f"issues/{issue['number']}").json()["id"] == issue["id"]


def test_iss_04_a_title_is_needed_and_not_blank(hub: Hub):
    assert hub.post("issues", {"body": "b"}).status_code == 422
    blank = hub.post("issues", {"title": "  "})
    assert (blank.status_code, blank.json()["message"]) == (422, "Validation Failed")
    assert blank.json()["errors"][0]["field"] == "title"


def test_iss_05_a_body_has_at_most_65536_characters(hub: Hub):
    assert len(hub.issue(body="ü" * 65_536)["body"]) == 65_536
    long = hub.post("issues", {"title": "t", "body": "x" * 65_537})
    assert long.status_code == 422
    assert "body is too long (maximum is 65536 characters)" in message(long)


def test_iss_06_a_title_over_1024_characters_is_refused_with_256_in_the_text(hub: Hub):
    assert hub.post("issues", {"title": "x" * 256}).status_code == 201
    assert hub.post("issues", {"title": "x" * 1_024}).status_code == 201
    long = hub.post("issues", {"title": "x" * 1_025})
    assert long.status_code == 422
    assert "title is too long (maximum is 256 characters)" in message(long)


def test_iss_07_unknown_labels_are_created_grey(hub: Hub):
    assert [label["name"] for label in hub.issue(labels=["brand-new"])["labels"]] == ["brand-new"]
    assert hub.get("labels/brand-new").json()["color"] == "ededed"


def test_iss_08_the_list_shows_open_ones_newest_first_30_a_page(hub: Hub):
    made = [hub.issue()["number"] for _ in range(31)]
    hub.patch(f"issues/{made[-1]}", {"state": "closed"})
    listed = hub.get("issues").json()
    assert len(listed) == 30
    assert numbers(listed)[0] == made[-2]
    assert numbers(listed) == sorted(numbers(listed), reverse=True)


def test_iss_09_the_list_holds_pull_requests_with_their_mark(hub: Hub):
    pull, issue = hub.pull("iss-09")["number"], hub.issue()["number"]
    listed = {each["number"]: each for each in hub.get("issues").json()}
    assert listed[pull]["pull_request"]["url"].endswith(f"/pulls/{pull}")
    assert "pull_request" not in listed[issue]


def test_iss_10_labels_are_anded_in_any_case_and_unknown_ones_match_nothing(hub: Hub):
    both = hub.issue(labels=["Ten-A", "Ten-B"])["number"]
    hub.issue(labels=["Ten-A"])
    assert numbers(hub.get("issues?labels=ten-a,TEN-B").json()) == [both]
    assert hub.get("issues?labels=ten-a,never-heard").json() == []


def test_iss_11_since_looks_at_updated_at(hub: Hub):
    old, touched = hub.issue()["number"], hub.issue()["number"]
    hub.steer("/clock", {"advance": 100})
    mark = datetime.fromtimestamp(hub.steer("/clock", {})["now"] - 50, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    hub.patch(f"issues/{touched}", {"body": "edited"})
    found = numbers(hub.get(f"issues?since={mark}&per_page=100").json())
    assert touched in found
    assert old not in found


def test_iss_12_links_are_absolute_and_keep_the_filter(hub: Hub):
    for _ in range(5):
        hub.issue(labels=["twelve"])
    first = hub.get("issues?labels=twelve&per_page=2")
    assert set(first.links) == {"next", "last"}
    assert first.links["next"]["url"].startswith(f"{hub.url}{hub.base}/issues?")
    second = hub.get(first.links["next"]["url"])
    assert set(second.links) == {"prev", "next", "last", "first"}
    last = hub.get(second.links["last"]["url"])
    assert set(last.links) == {"prev", "first"}
    assert len(first.json() + second.json() + last.json()) == 5
    past = hub.get("issues?labels=twelve&per_page=2&page=9")
    assert (past.status_code, past.json()) == (200, [])


def test_iss_13_a_page_has_at_most_100(hub: Hub):
    for _ in range(101 - len(hub.get("issues?state=all&per_page=100").json())):
        hub.issue()
    hub.issue()
    answer = hub.get("issues?state=all&per_page=1000")
    assert len(answer.json()) == 100
    assert "next" in answer.links


def test_iss_14_closing_without_reason_means_completed(hub: Hub):
    number = hub.issue()["number"]
    closed = hub.patch(f"issues/{number}", {"state": "closed"}).json()
    assert (closed["state"], closed["state_reason"]) == ("closed", "completed")
    assert closed["closed_at"].endswith("Z")
    assert closed["closed_by"]["login"] == "fleet-bot"
    assert number not in numbers(hub.get("issues?per_page=100").json())


@pytest.mark.parametrize("reason", ["not_planned", "duplicate"])
def test_iss_15_reasons_are_kept_and_reopening_clears_the_closing(hub: Hub, reason: str):
    number = hub.issue()["number"]
    assert hub.patch(f"issues/{number}", {"state": "closed", "state_reason": reason}).json()["state_reason"] == reason
    opened = hub.patch(f"issues/{number}", {"state": "open"}).json()
    assert (opened["state"], opened["state_reason"], opened["closed_at"]) == ("open", "reopened", None)


@pytest.mark.parametrize("body", [{"state": "gone"}, {"state": "closed", "state_reason": "tired"}])
def test_iss_16_unknown_states_and_reasons_are_422(hub: Hub, body: dict[str, str]):
    number = hub.issue()["number"]
    assert hub.patch(f"issues/{number}", body).status_code == 422
    assert hub.get(f"issues/{number}").json()["state"] == "open"


def test_iss_17_a_reason_without_state_changes_nothing(hub: Hub):
    number = hub.issue()["number"]
    answer = hub.patch(f"issues/{number}", {"state_reason": "not_planned"})
    assert (answer.status_code, answer.json()["state"], answer.json()["state_reason"]) == (200, "open", None)


def test_iss_18_patch_changes_only_what_it_names_and_replaces_labels(hub: Hub):
    number = hub.issue(title="keep", labels=["a", "b"])["number"]
    edited = hub.patch(f"issues/{number}", {"body": "new"}).json()
    assert (edited["title"], edited["body"], len(edited["labels"])) == ("keep", "new", 2)
    replaced = hub.patch(f"issues/{number}", {"labels": ["c"]}).json()
    assert [label["name"] for label in replaced["labels"]] == ["c"]


def test_iss_19_the_last_of_two_writers_wins(hub: Hub):
    number = hub.issue()["number"]
    tag = {"If-Match": hub.get(f"issues/{number}").headers["etag"]}
    for text in ("one", "two"):
        assert hub.patch(f"issues/{number}", {"body": text}, headers=tag).status_code == 200
    assert hub.get(f"issues/{number}").json()["body"] == "two"


def test_iss_20_labels_are_added_and_removed_one_by_one(hub: Hub):
    number = hub.issue(labels=["one"])["number"]
    added = hub.post(f"issues/{number}/labels", ["two"])
    assert (added.status_code, {label["name"] for label in added.json()}) == (200, {"one", "two"})
    removed = hub.delete(f"issues/{number}/labels/one")
    assert (removed.status_code, [label["name"] for label in removed.json()]) == (200, ["two"])
    assert hub.delete(f"issues/{number}/labels/one").status_code == 404


def test_iss_21_unknown_assignees_fail_on_create_and_are_ignored_when_added(hub: Hub):
    answer = hub.post("issues", {"title": "t", "assignees": ["nobody-here"]})
    assert answer.status_code == 422
    assert (answer.json()["errors"][0]["field"], answer.json()["errors"][0]["code"]) == ("assignees", "invalid")
    number = hub.issue(assignees=["alice"])["number"]
    added = hub.post(f"issues/{number}/assignees", {"assignees": ["nobody-here", "trent"]})
    assert added.status_code == 201
    assert [user["login"] for user in added.json()["assignees"]] == ["alice", "trent"]


def test_iss_22_comments_are_listed_oldest_first_and_can_be_edited(hub: Hub):
    number = hub.issue()["number"]
    first = hub.post(f"issues/{number}/comments", {"body": "first"})
    hub.post(f"issues/{number}/comments", {"body": "second"})
    assert (first.status_code, first.headers["location"]) == (201, first.json()["url"])
    assert [each["body"] for each in hub.get(f"issues/{number}/comments").json()] == ["first", "second"]
    assert hub.post(f"issues/{number}/comments", {"body": " "}).status_code == 422
    assert hub.post(f"issues/{number}/comments", {"body": "x" * 65_537}).status_code == 422
    assert hub.patch(f"issues/comments/{first.json()['id']}", {"body": "changed"}).json()["body"] == "changed"
    assert hub.get(f"issues/{number}").json()["comments"] == 2


def test_iss_23_locking_knows_four_reasons(hub: Hub):
    number = hub.issue()["number"]
    answer = hub.put(f"issues/{number}/lock", {"lock_reason": "too heated"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert hub.get(f"issues/{number}").json()["active_lock_reason"] == "too heated"
    assert hub.put(f"issues/{number}/lock", {"lock_reason": "boring"}).status_code == 422
    assert hub.delete(f"issues/{number}/lock").status_code == 204
    assert hub.get(f"issues/{number}").json()["locked"] is False


def test_iss_24_unknown_numbers_and_pulls_of_issues_are_404(hub: Hub):
    answer = hub.get("issues/987654")
    assert (answer.status_code, answer.json()["message"]) == (404, "Not Found")
    assert hub.get(f"pulls/{hub.issue()['number']}").status_code == 404


def test_iss_25_issues_and_pull_requests_share_one_sequence(hub: Hub):
    first = hub.issue()["number"]
    assert hub.pull("iss-25")["number"] == first + 1
    assert hub.issue()["number"] == first + 2


def test_iss_26_a_sub_issue_is_named_by_id_and_has_one_parent(hub: Hub):
    parent, other, child = hub.issue(), hub.issue(), hub.issue()
    assert hub.post(f"issues/{parent['number']}/sub_issues", {"sub_issue_id": child["number"]}).status_code == 404
    assert hub.post(f"issues/{parent['number']}/sub_issues", {"sub_issue_id": child["id"]}).status_code == 201
    assert numbers(hub.get(f"issues/{parent['number']}/sub_issues").json()) == [child["number"]]
    assert hub.post(f"issues/{other['number']}/sub_issues", {"sub_issue_id": child["id"]}).status_code == 422
    moved = hub.post(f"issues/{other['number']}/sub_issues", {"sub_issue_id": child["id"], "replace_parent": True})
    assert moved.status_code == 201
    assert hub.get(f"issues/{child['number']}/parent").json()["number"] == other["number"]


def test_iss_27_bodies_come_back_byte_for_byte(hub: Hub):
    body = "<!-- error-aggregator: abc -->\r\n\ttext  \n\n\n"
    number = hub.issue(body=body)["number"]
    assert hub.get(f"issues/{number}").json()["body"] == body


def test_lab_01_a_second_label_of_the_name_is_refused_in_any_case(hub: Hub):
    assert hub.post("labels", {"name": "Lab-One", "color": "FF0000"}).status_code == 201
    for name in ("Lab-One", "lab-one"):
        again = hub.post("labels", {"name": name, "color": "00ff00"})
        assert (again.status_code, again.json()["errors"][0]["code"]) == (422, "already_exists")


def test_lab_02_long_names_and_bad_colours_are_422(hub: Hub):
    assert hub.post("labels", {"name": "x" * 51}).status_code == 422
    assert hub.post("labels", {"name": "fine", "color": "#ff0000"}).status_code == 422
    assert hub.post("labels", {"name": "x" * 50}).status_code == 201
    assert hub.get("labels/never-heard").status_code == 404


def test_lab_03_names_with_space_colon_and_slash_work_encoded(hub: Hub):
    name = "area: a/b c"
    number = hub.issue(labels=[name])["number"]
    assert hub.get(f"labels/{quote(name, safe='')}").json()["name"] == name
    assert hub.delete(f"issues/{number}/labels/{quote(name, safe='')}").json() == []
    assert hub.delete(f"labels/{quote(name, safe='')}").status_code == 204


def test_srch_01_search_finds_a_fresh_issue_later_than_the_list(hub: Hub):
    number = hub.issue(title="needle in the haystack")["number"]
    query = f"/search/issues?q={quote(f'repo:{hub.repository} is:issue in:title needle')}"
    assert hub.get(query).json()["total_count"] == 0
    assert number in numbers(hub.get("issues?per_page=1").json())
    hub.steer("/clock", {"advance": 1001})
    assert numbers(hub.get(query).json()["items"]) == [number]


def test_srch_02_search_is_counted_and_ends_after_a_thousand(hub: Hub):
    answer = hub.get("/search/issues?q=is:issue").json()
    assert {"total_count", "incomplete_results", "items"} == set(answer)
    assert hub.get("/search/issues").status_code == 422
    assert hub.get("/search/issues?q=is:issue&per_page=100&page=10").status_code == 200
    beyond = hub.get("/search/issues?q=is:issue&per_page=100&page=11")
    assert (beyond.status_code, "first 1000 search results" in beyond.text) == (422, True)


def test_srch_03_search_has_its_own_resource(hub: Hub):
    assert hub.get("/search/issues?q=is:issue").headers["x-ratelimit-resource"] == "search"
    assert hub.get("issues").headers["x-ratelimit-resource"] == "core"


def test_pygithub_walks_an_issue_through_its_life(hub: Hub):
    repository = hub.pygithub()
    issue = repository.create_issue("through PyGithub", "body", labels=["py"], assignees=["alice"])
    comment = issue.create_comment("hello")
    comment.edit("hello again")
    issue.add_to_labels("more")
    issue.remove_from_labels("py")
    issue.lock("resolved")
    issue.unlock()
    issue.edit(state="closed", state_reason="duplicate")
    again = repository.get_issue(issue.number)
    assert (again.state, again.state_reason, [label.name for label in again.labels]) == (
        "closed",
        "duplicate",
        ["more"],
    )
    assert again.closed_by is not None
    assert again.closed_by.login == "fleet-bot"
    assert [each.body for each in again.get_comments()] == ["hello again"]
    assert repository.get_collaborator_permission("alice") == "write"
    assert [each.event for each in again.get_events()][-1] == "closed"
    canonical = repository.create_issue("canonical")
    requester = repository.requester
    body = {"state": "closed", "state_reason": "duplicate", "duplicate_issue_id": canonical.id}
    _, data = requester.requestJsonAndCheck("PATCH", repository.create_issue("copy").url, input=body)
    assert data["state_reason"] == "duplicate"
    with pytest.raises(github.UnknownObjectException):
        repository.get_issue(987654)
