"""GraphQL on the stand-in: compare-and-swap by value, and GitHub's way of refusing."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import github
import pytest

from tests.stage.standin import Hub, at_once, started

ZERO = "0" * 40


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with started() as running:
        yield running


def commit_on(hub: Hub, branch: str, expected: str, text: str = "x") -> dict[str, Any]:
    given = {
        "branch": {"repositoryNameWithOwner": hub.repository, "branchName": branch},
        "expectedHeadOid": expected,
        "message": {"headline": f"write {text}"},
        "fileChanges": {"additions": [{"path": f"{text}.txt", "contents": base64.b64encode(text.encode()).decode()}]},
    }
    query = "mutation($input: CreateCommitOnBranchInput!) { createCommitOnBranch(input: $input) { commit { oid } } }"
    return hub.graphql(query, {"input": given})


def update_refs(hub: Hub, *updates: dict[str, Any]) -> dict[str, Any]:
    given = {"repositoryId": hub.get("").json()["node_id"], "refUpdates": list(updates)}
    query = "mutation($input: UpdateRefsInput!) { updateRefs(input: $input) { clientMutationId } }"
    return hub.graphql(query, {"input": given})


def test_gql_01_the_right_expected_head_commits(hub: Hub):
    head = hub.branch("gql-01")
    done = commit_on(hub, "gql-01", head)
    sha = done["data"]["createCommitOnBranch"]["commit"]["oid"]
    assert "errors" not in done
    assert hub.head("gql-01") == sha
    assert hub.get(f"git/commits/{sha}").json()["parents"][0]["sha"] == head
    assert hub.get("contents/x.txt?ref=gql-01").status_code == 200


def test_gql_02_a_stale_expected_head_changes_nothing(hub: Hub):
    head = hub.branch("gql-02")
    done = commit_on(hub, "gql-02", hub.head())
    assert done["data"] == {"createCommitOnBranch": None}
    assert done["errors"][0]["type"] == "STALE_DATA"
    assert "Expected branch to point to" in done["errors"][0]["message"]
    assert hub.head("gql-02") == head


def test_gql_03_of_eight_committers_exactly_one_wins(hub: Hub):
    head = hub.branch("gql-03")
    answers = at_once([lambda place=place: commit_on(hub, "gql-03", head, f"f{place}") for place in range(8)])
    assert sum("errors" not in answer for answer in answers) == 1
    assert {answer["errors"][0]["type"] for answer in answers if "errors" in answer} == {"STALE_DATA"}


def test_gql_04_update_refs_compares_by_value(hub: Hub):
    head, name = hub.branch("gql-04"), "refs/heads/gql-04"
    sideways = hub.commit(None, "sideways")
    wrong = update_refs(hub, {"name": name, "beforeOid": hub.head(), "afterOid": sideways, "force": True})
    assert wrong["errors"]
    assert hub.head("gql-04") == head
    right = update_refs(hub, {"name": name, "beforeOid": head, "afterOid": sideways, "force": True})
    assert "errors" not in right
    assert hub.head("gql-04") == sideways
    taken = update_refs(hub, {"name": name, "beforeOid": ZERO, "afterOid": head})
    assert taken["errors"]
    made = update_refs(hub, {"name": "refs/heads/gql-04-new", "beforeOid": ZERO, "afterOid": head})
    assert "errors" not in made
    assert hub.head("gql-04-new") == head
    gone = update_refs(hub, {"name": "refs/heads/gql-04-new", "beforeOid": head, "afterOid": ZERO})
    assert "errors" not in gone
    assert hub.get("git/ref/heads/gql-04-new").status_code == 404


def test_gql_05_update_refs_is_all_or_nothing(hub: Hub):
    head = hub.branch("gql-05")
    child = hub.commit(head, "child")
    good = {"name": "refs/heads/gql-05", "beforeOid": head, "afterOid": child}
    fresh = {"name": "refs/heads/gql-05-fresh", "beforeOid": ZERO, "afterOid": head}
    bad = {"name": "refs/heads/gql-05-missing", "beforeOid": head, "afterOid": child}
    assert update_refs(hub, good, fresh, bad)["errors"]
    assert hub.head("gql-05") == head
    assert hub.get("git/ref/heads/gql-05-fresh").status_code == 404


def test_gql_06_unknown_nodes_and_fields_are_errors_with_200(hub: Hub):
    missing = hub.graphql('{ node(id: "I_nothing") { id } }')
    assert (missing["errors"][0]["type"], missing["data"]) == ("NOT_FOUND", {"node": None})
    owner, name = hub.repository.split("/")
    unknown = hub.graphql(f'{{ repository(owner: "{owner}", name: "{name}") {{ noSuchField }} }}')
    assert unknown["errors"]
    assert "data" not in unknown
    nowhere = hub.graphql('{ repository(owner: "no", name: "where") { id } }')
    assert nowhere["errors"][0]["type"] == "NOT_FOUND"
    assert hub.post("/graphql", {"query": "{ viewer { login } }"}, token="").status_code == 401


def suggested(hub: Hub, **rest: Any) -> list[str]:
    owner, name = hub.repository.split("/")
    query = """query($owner: String!, $name: String!) { repository(owner: $owner, name: $name) {
        suggestedActors(capabilities: [CAN_BE_ASSIGNED], first: 100) {
          nodes { login __typename ... on Bot { id } } } } }"""
    found = hub.graphql(query, {"owner": owner, "name": name}, **rest)
    return [node["login"] for node in found["data"]["repository"]["suggestedActors"]["nodes"]]


def test_gql_07_the_coding_agent_leads_the_suggested_actors(hub: Hub):
    assert suggested(hub)[0] == "copilot-swe-agent"
    hub.steer(f"/repositories/{hub.repository}", {"copilot": False}, "PATCH")
    assert "copilot-swe-agent" not in suggested(hub)
    hub.steer(f"/repositories/{hub.repository}", {"copilot": True}, "PATCH")


def test_a_query_reads_repository_issue_and_pull_request(hub: Hub):
    issue = hub.issue(title="seen by GraphQL", labels=["gql"])
    pull = hub.pull("gql-read", body=f"Closes #{issue['number']}")
    query = """query($owner: String!, $name: String!, $issue: Int!, $pull: Int!) {
      viewer { login } rateLimit { remaining }
      repository(owner: $owner, name: $name) {
        nameWithOwner isPrivate defaultBranchRef { name target { oid ... on Commit { messageHeadline } } }
        object(expression: "main:README.md") { ... on Blob { text } }
        issue(number: $issue) { id title state labels(first: 5) { totalCount nodes { name } } author { login } }
        pullRequest(number: $pull) { isDraft mergeStateStatus closingIssuesReferences(first: 5) { nodes { number } } }
      } }"""
    owner, name = hub.repository.split("/")
    found = hub.graphql(query, {"owner": owner, "name": name, "issue": issue["number"], "pull": pull["number"]})
    assert "errors" not in found
    repository = found["data"]["repository"]
    assert repository["issue"]["id"] == issue["node_id"]
    assert repository["issue"]["labels"] == {"totalCount": 1, "nodes": [{"name": "gql"}]}
    assert repository["defaultBranchRef"]["target"]["oid"] == hub.head()
    assert repository["object"]["text"].startswith("# A repository")
    assert repository["pullRequest"]["closingIssuesReferences"]["nodes"] == [{"number": issue["number"]}]


def test_pygithub_sees_graphql_refusals_as_its_exceptions(hub: Hub):
    repository = hub.pygithub()
    requester = repository.requester
    with pytest.raises(github.UnknownObjectException):
        requester.graphql_query("query($id: ID!) { node(id: $id) { id } }", {"id": "I_nothing"})
    update = {"name": "refs/heads/main", "beforeOid": "1" * 40, "afterOid": hub.commit(None, "x"), "force": False}
    given = {"repositoryId": repository.node_id, "refUpdates": [update]}
    with pytest.raises(github.GithubException) as caught:
        requester.graphql_named_mutation("updateRefs", given, "clientMutationId")
    assert caught.value.data["errors"][0]["type"] == "STALE_DATA"


@pytest.mark.parametrize("name", ["closeIssue", "deleteIssue"])
def test_issue_mutations_need_their_rights(hub: Hub, name: str):
    issue = hub.issue()
    kind = name[0].upper() + name[1:]
    query = f"mutation($input: {kind}Input!) {{ {name}(input: $input) {{ clientMutationId }} }}"
    refused = hub.graphql(query, {"input": {"issueId": issue["node_id"]}}, token=hub.readonly_token)
    assert refused["errors"][0]["type"] == "FORBIDDEN"
    assert "errors" not in hub.graphql(query, {"input": {"issueId": issue["node_id"]}})
    status = hub.get(f"issues/{issue['number']}")
    assert status.status_code == (410 if name == "deleteIssue" else 200)
