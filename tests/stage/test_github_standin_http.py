"""The stand-in as an HTTP server: who may ask, how it refuses, what every answer carries."""

from __future__ import annotations

import base64
import http.client
from collections.abc import Iterator
from urllib.parse import urlsplit

import github
import pytest

from tests.stage.standin import Hub, started


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with started() as running:
        yield running


def test_http_01_a_write_without_authorization_is_401(hub: Hub):
    answer = hub.post("issues", {"title": "x"}, token="")
    assert (answer.status_code, answer.json()["message"]) == (401, "Requires authentication")


def test_http_02_an_unknown_token_is_bad_credentials(hub: Hub):
    answer = hub.get("", token="ghp_unknown")
    assert (answer.status_code, answer.json()["message"]) == (401, "Bad credentials")
    with pytest.raises(github.BadCredentialsException):
        hub.pygithub("ghp_unknown")


def test_http_03_what_may_not_be_seen_is_404_never_403(hub: Hub):
    stranger = hub.steer("/tokens", {"login": "mallory"})["token"]
    for path, token in [
        ("/repos/acme/none", None),
        (hub.base, stranger),
        (f"{hub.base}/issues", stranger),
        (hub.base, ""),
    ]:
        answer = hub.get(path, token=token)
        assert (answer.status_code, answer.json()["message"]) == (404, "Not Found")


def test_http_04_malformed_json_is_400(hub: Hub):
    answer = hub.ask("POST", "issues", content=b'{"title": ')
    assert (answer.status_code, answer.json()["message"]) == (400, "Problems parsing JSON")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/no/such/place", None, 404),
        ("GET", "issues/999999", None, 404),
        ("POST", "issues", {}, 422),
        ("PATCH", "git/refs/heads/none", {"sha": "0" * 40}, 422),
        ("GET", "/search/issues", None, 422),
        ("DELETE", "labels/none", None, 404),
    ],
)
def test_http_05_every_error_names_message_and_documentation(
    hub: Hub, method: str, path: str, body: object, status: int
):
    answer = hub.ask(method, path, body)
    assert answer.status_code == status
    assert answer.json()["message"]
    assert answer.json()["documentation_url"].startswith("https://docs.github.com")


def test_http_06_json_answers_say_their_type(hub: Hub):
    for path in ("", "issues", "/nothing"):
        assert hub.get(path).headers["content-type"] == "application/json; charset=utf-8"


def test_http_07_rate_limit_headers_stand_on_every_answer_and_remaining_falls(hub: Hub):
    first, second = hub.get(""), hub.get("issues/424242")
    for answer in (first, second, hub.get("", token="wrong")):
        assert {"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"} <= set(answer.headers)
    remaining = [int(answer.headers["x-ratelimit-remaining"]) for answer in (first, second)]
    assert remaining[1] == remaining[0] - 1


def test_http_08_a_matching_etag_gives_304_uncharged(hub: Hub):
    first = hub.get("")
    again = hub.get("", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["x-ratelimit-remaining"] == first.headers["x-ratelimit-remaining"]
    hub.steer(f"/repositories/{hub.repository}", {"copilot": True}, "PATCH")
    hub.issue()
    assert hub.get("issues", headers={"If-None-Match": first.headers["etag"]}).status_code == 200


def test_http_09_rate_limit_lists_three_resources_uncharged(hub: Hub):
    first = hub.get("/rate_limit").json()["resources"]
    assert {"core", "search", "graphql"} <= set(first)
    assert hub.get("/rate_limit").json()["resources"]["core"]["used"] == first["core"]["used"]


def test_http_10_an_unknown_api_version_is_400(hub: Hub):
    assert hub.get("", headers={"X-GitHub-Api-Version": "1999-01-01"}).status_code == 400
    assert hub.get("", headers={"X-GitHub-Api-Version": "2022-11-28"}).status_code == 200
    number = hub.issue()["number"]
    new = hub.get(f"issues/{number}", headers={"X-GitHub-Api-Version": "2026-03-10"}).json()
    assert "assignees" in new
    assert "assignee" not in new


def test_http_11_names_are_the_same_in_any_case(hub: Hub):
    assert hub.get(hub.base.upper().replace("/REPOS", "/repos")).json()["full_name"] == hub.repository


def test_http_12_no_user_agent_is_403(hub: Hub):
    place = urlsplit(hub.url)
    connection = http.client.HTTPConnection(place.netloc)
    connection.request("GET", "/rate_limit", headers={"Authorization": f"token {hub.token}"})
    assert connection.getresponse().status == 403
    connection.close()


def test_http_13_addresses_point_at_the_host_that_was_asked(hub: Hub):
    other = hub.url.replace("127.0.0.1", "localhost")
    for _ in range(2):
        hub.issue()
    answer = hub.get(f"{other}{hub.base}/issues?per_page=1")
    assert answer.json()[0]["url"].startswith(f"{other}/repos/")
    assert f"<{other}/repos/" in answer.headers["link"]
    enterprise = hub.get(f"{hub.url}/api/v3{hub.base}").json()
    assert enterprise["url"].startswith(f"{hub.url}/api/v3/repos/")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "labels", {"name": "x"}),
        ("POST", "git/refs", {"ref": "refs/heads/x", "sha": "0" * 40}),
        ("POST", "git/blobs", {"content": "x"}),
        ("POST", "issues/1/labels", {"labels": ["x"]}),
        ("PUT", "issues/1/lock", {}),
        ("POST", "pulls", {"title": "x", "head": "x", "base": "main"}),
        ("POST", "dispatches", {"event_type": "x"}),
    ],
)
def test_http_14_a_read_only_token_is_refused_where_push_is_needed(hub: Hub, method: str, path: str, body: object):
    hub.issue()
    answer = hub.ask(method, path, body, token=hub.readonly_token)
    assert answer.status_code == 403
    assert answer.json()["message"].startswith("Resource not accessible by ")


def test_repository_and_user_carry_what_a_filer_reads(hub: Hub):
    repository = hub.get("").json()
    assert repository["permissions"]["push"] is True
    assert (repository["private"], repository["visibility"]) == (True, "private")
    assert (repository["default_branch"], repository["has_issues"], repository["archived"]) == ("main", True, False)
    login = hub.get("/user").json()["login"]
    assert hub.get(f"collaborators/{login}/permission").json()["permission"] == "admin"
    assert hub.get("collaborators/reader/permission").json()["permission"] == "read"
    assert hub.get("", token=hub.readonly_token).json()["permissions"]["push"] is False


def test_requests_are_recorded_without_the_token(hub: Hub):
    hub.steer("/requests", method="DELETE")
    hub.post("issues", {"title": "remember me"})
    (record,) = hub.steer("/requests", method="GET")
    assert (record["method"], record["path"], record["status"]) == ("POST", f"{hub.base}/issues", 201)
    assert (record["login"], record["token"]) == ("fleet-bot", "classic")
    assert "remember me" in record["body"]
    assert hub.token not in str(record)


def test_basic_and_token_schemes_are_understood(hub: Hub):
    basic = base64.b64encode(f"x:{hub.token}".encode()).decode()
    for header in (f"token {hub.token}", f"Bearer {hub.token}", f"Basic {basic}"):
        assert hub.get("/user", token="", headers={"Authorization": header}).status_code == 200
