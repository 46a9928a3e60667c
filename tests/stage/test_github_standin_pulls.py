"""Pull requests and commit reports on the stand-in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stage.standin import Hub, eventually, message, started


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with started() as running:
        yield running


def open_pull(hub: Hub, head: str, base: str = "main"):
    return hub.post("pulls", {"title": "t", "head": head, "base": base})


def test_pr_01_a_draft_is_created_with_everything(hub: Hub):
    sha = hub.branch("pr-01")
    answer = hub.post("pulls", {"title": "t", "body": "b", "head": "pr-01", "base": "main", "draft": True})
    pull = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == pull["url"] == f"{hub.url}{hub.base}/pulls/{pull['number']}"
    assert (pull["draft"], pull["state"], pull["merged"]) == (True, "open", False)
    assert (pull["head"]["ref"], pull["head"]["sha"], pull["base"]["ref"]) == ("pr-01", sha, "main")
    assert pull["node_id"].startswith("PR_")
    assert pull["user"]["login"] == "fleet-bot"


def test_pr_02_no_commits_between_is_422(hub: Hub):
    hub.post("git/refs", {"ref": "refs/heads/pr-02", "sha": hub.head()})
    answer = open_pull(hub, "pr-02")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["message"] == "No commits between main and pr-02"


def test_pr_03_one_open_pull_request_per_head_and_base(hub: Hub):
    hub.pull("pr-03")
    answer = open_pull(hub, "pr-03")
    owner = hub.repository.split("/")[0]
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["message"] == f"A pull request already exists for {owner}:pr-03."


def test_pr_04_unknown_branches_are_invalid_fields(hub: Hub):
    hub.branch("pr-04")
    for head, base, field in [("never", "main", "head"), ("pr-04", "never", "base")]:
        answer = open_pull(hub, head, base)
        assert answer.status_code == 422
        error = answer.json()["errors"][0]
        assert (error["field"], error["code"]) == (field, "invalid")


def test_pr_05_the_head_filter_needs_the_owner(hub: Hub):
    owner = hub.repository.split("/")[0]
    number = hub.pull("pr-05")["number"]
    hub.pull("pr-05-other")
    assert [pull["number"] for pull in hub.get(f"pulls?state=all&head={owner}:pr-05").json()] == [number]
    assert len(hub.get("pulls?state=all&head=pr-05").json()) > 1


def test_pr_06_rest_cannot_leave_draft(hub: Hub):
    number = hub.pull("pr-06", draft=True)["number"]
    ignored = hub.patch(f"pulls/{number}", {"draft": False})
    assert (ignored.status_code, ignored.json()["draft"]) == (200, True)
    assert hub.get(f"pulls/{number}").json()["draft"] is True


def test_pr_07_graphql_leaves_draft(hub: Hub):
    pull = hub.pull("pr-07", draft=True)
    query = (
        "mutation($id: ID!) { markPullRequestReadyForReview(input: {pullRequestId: $id}) { pullRequest { isDraft } } }"
    )
    done = hub.graphql(query, {"id": pull["node_id"]})
    assert done["data"]["markPullRequestReadyForReview"]["pullRequest"] == {"isDraft": False}
    assert hub.get(f"pulls/{pull['number']}").json()["draft"] is False


def test_pr_08_mergeable_is_null_first_and_a_boolean_later(hub: Hub):
    clean = hub.pull("pr-08")["number"]
    hub.branch("pr-08-conflict", {"README.md": "mine"})
    conflicting = open_pull(hub, "pr-08-conflict").json()["number"]
    hub.steer("/commits", {"files": {"README.md": "theirs"}})
    for number in (clean, conflicting):
        first = hub.get(f"pulls/{number}").json()
        assert (first["mergeable"], first["mergeable_state"]) == (None, "unknown")

    def judged(number: int):
        found = hub.get(f"pulls/{number}").json()
        return None if found["mergeable"] is None else found

    assert eventually(lambda: judged(clean))["mergeable"] is True
    dirty = eventually(lambda: judged(conflicting))
    assert (dirty["mergeable"], dirty["mergeable_state"]) == (False, "dirty")


def test_pr_09_labels_comments_and_assignees_go_through_issues(hub: Hub):
    number = hub.pull("pr-09")["number"]
    assert hub.post(f"issues/{number}/labels", {"labels": ["bot"]}).status_code == 200
    assert hub.post(f"issues/{number}/comments", {"body": "c"}).status_code == 201
    assert hub.post(f"issues/{number}/assignees", {"assignees": ["alice"]}).status_code == 201
    pull = hub.get(f"pulls/{number}").json()
    assert [label["name"] for label in pull["labels"]] == ["bot"]
    assert (pull["comments"], [user["login"] for user in pull["assignees"]]) == (1, ["alice"])


def test_pr_10_labels_and_people_in_the_body_are_ignored(hub: Hub):
    pull = hub.pull("pr-10", labels=["x"], assignees=["alice"], reviewers=["alice"])
    assert (pull["labels"], pull["assignees"], pull["requested_reviewers"]) == ([], [], [])


def test_pr_11_the_author_and_strangers_cannot_be_asked_for_review(hub: Hub):
    number = hub.pull("pr-11")["number"]
    hub.steer("/tokens", {"login": "mallory"})
    for reviewers in (["fleet-bot"], ["mallory"], ["alice", "mallory"]):
        assert hub.post(f"pulls/{number}/requested_reviewers", {"reviewers": reviewers}).status_code == 422
    assert hub.get(f"pulls/{number}/requested_reviewers").json()["users"] == []
    assert hub.post(f"pulls/{number}/requested_reviewers", {"reviewers": ["alice"]}).status_code == 201
    assert [user["login"] for user in hub.get(f"pulls/{number}").json()["requested_reviewers"]] == ["alice"]


def test_pr_12_the_head_follows_its_branch(hub: Hub):
    pull = hub.pull("pr-12")
    child = hub.commit(pull["head"]["sha"], "more")
    hub.patch("git/refs/heads/pr-12", {"sha": child})
    moved = hub.get(f"pulls/{pull['number']}").json()
    assert (moved["head"]["sha"], moved["commits"]) == (child, 2)


def test_pr_13_deleting_the_branch_closes_for_good(hub: Hub):
    number = hub.pull("pr-13")["number"]
    assert hub.delete("git/refs/heads/pr-13").status_code == 204
    closed = hub.get(f"pulls/{number}").json()
    assert (closed["state"], closed["merged"]) == ("closed", False)
    assert hub.patch(f"pulls/{number}", {"state": "open"}).status_code == 422
    assert hub.patch(f"issues/{number}", {"state": "open"}).status_code == 422


def test_pr_14_a_closed_one_makes_room_for_another(hub: Hub):
    number = hub.pull("pr-14")["number"]
    assert hub.patch(f"pulls/{number}", {"state": "closed"}).json()["state"] == "closed"
    assert open_pull(hub, "pr-14").status_code == 201
    assert hub.patch(f"pulls/{number}", {"state": "open"}).status_code == 422


def test_pr_15_lists_lack_what_only_one_answer_works_out(hub: Hub):
    number = hub.pull("pr-15")["number"]
    listed = next(pull for pull in hub.get("pulls").json() if pull["number"] == number)
    assert not {"mergeable", "commits", "additions"} & set(listed)
    single = hub.get(f"pulls/{number}").json()
    assert (single["commits"], single["additions"], single["changed_files"]) == (1, 1, 1)


def test_a_person_merges_and_the_named_issue_closes(hub: Hub):
    issue = hub.issue()["number"]
    number = hub.pull("merging", body=f"Fixes #{issue}", draft=True)["number"]
    assert hub.put(f"pulls/{number}/merge").status_code == 405
    hub.steer("/issues", {"action": "merge", "number": number, "login": "alice"})
    merged = hub.get(f"pulls/{number}").json()
    assert (merged["state"], merged["merged"], merged["merged_by"]["login"]) == ("closed", True, "alice")
    assert hub.get(f"issues/{issue}").json()["state"] == "closed"
    assert hub.get("contents/merging.txt").status_code == 200


def test_chk_01_a_commit_without_reports_is_pending(hub: Hub):
    sha = hub.commit(None, "nobody tested this")
    status = hub.get(f"commits/{sha}/status").json()
    assert (status["state"], status["total_count"], status["statuses"]) == ("pending", 0, [])
    assert hub.get(f"commits/{sha}/check-runs").json() == {"total_count": 0, "check_runs": []}
    assert hub.post(f"statuses/{sha}", {"state": "failure", "context": "ci"}).status_code == 201
    hub.steer("/checks", {"sha": sha, "name": "build", "conclusion": "success"})
    assert hub.get(f"commits/{sha}/status").json()["state"] == "failure"
    assert hub.get(f"commits/{sha}/check-runs").json()["check_runs"][0]["conclusion"] == "success"
    refused = hub.post("check-runs", {"name": "x", "head_sha": sha})
    assert (refused.status_code, "GitHub App" in message(refused)) == (403, True)


def test_pygithub_opens_readies_and_closes_a_draft(hub: Hub):
    hub.branch("py-pull")
    repository = hub.pygithub()
    pull = repository.create_pull(base="main", head="py-pull", title="t", body="b", draft=True)
    pull.mark_ready_for_review()
    assert repository.get_pull(pull.number).draft is False
    pull.convert_to_draft()
    pull.add_to_labels("py")
    pull.create_issue_comment("c")
    assert [each.filename for each in pull.get_files()] == ["py-pull.txt"]
    commit = repository.get_commit(pull.head.sha)
    assert commit.get_combined_status().total_count == 0
    assert commit.get_check_runs().totalCount == 0
    pull.edit(state="closed")
    owner = hub.repository.split("/")[0]
    assert [each.number for each in repository.get_pulls(state="all", head=f"{owner}:py-pull")] == [pull.number]
    assert repository.compare("main", "py-pull").ahead_by == 1
