"""Workflow runs, logs, reruns, dispatches and webhooks on the stand-in."""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import threading
import zipfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.stage.standin import Hub, eventually, started


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with started() as running:
        yield running


def plant(hub: Hub, **fields: Any) -> dict[str, Any]:
    return hub.steer("/runs", {"conclusion": "failure", "jobs": [{"name": "build", "log": "it failed\n"}], **fields})


def test_act_01_status_filters_on_the_conclusion(hub: Hub):
    failed, good = plant(hub)["id"], plant(hub, conclusion="success")["id"]
    timed_out = plant(hub, conclusion="timed_out")["id"]
    found = hub.get("actions/runs?status=failure").json()
    assert set(found) == {"total_count", "workflow_runs"}
    listed = [run["id"] for run in found["workflow_runs"]]
    assert failed in listed
    assert not {good, timed_out} & set(listed)
    assert found["total_count"] == len(listed)


@pytest.mark.parametrize(
    ("created", "wanted"),
    [
        (">=2026-02-01", {"b", "c"}),
        ("<2026-02-01", {"a"}),
        (">2026-02-01", {"c"}),
        ("<=2026-02-01", {"a", "b"}),
        ("2026-01-15..2026-02-15", {"b"}),
        ("2026-02-01", {"b"}),
        ("*..2026-02-01T11:59:59Z", {"a"}),
    ],
)
def test_act_02_created_takes_ranges(hub: Hub, created: str, wanted: set[str]):
    for name, day in [("a", "2026-01-01"), ("b", "2026-02-01"), ("c", "2026-03-01")]:
        if not hub.get(f"actions/runs?branch=main&event=range-{name}").json()["total_count"]:
            plant(hub, event=f"range-{name}", created_at=f"{day}T12:00:00Z")
    found = hub.ask("GET", "actions/runs", params={"created": created, "per_page": 100}).json()["workflow_runs"]
    assert {run["event"][-1] for run in found if run["event"].startswith("range-")} == wanted


def test_act_03_logs_are_behind_a_redirect(hub: Hub):
    run = plant(hub, jobs=[{"name": "build", "log": "first\n"}, {"name": "test", "log": "second\n"}])
    jobs = hub.get(f"actions/runs/{run['id']}/jobs").json()
    assert (set(jobs), jobs["total_count"]) == ({"total_count", "jobs"}, 2)
    answer = hub.get(f"actions/jobs/{jobs['jobs'][0]['id']}/logs")
    assert answer.status_code == 302
    text = hub.http.get(answer.headers["location"])
    assert (text.text, text.headers["content-type"]) == ("first\n", "text/plain; charset=utf-8")
    packed = hub.get(f"actions/runs/{run['id']}/logs")
    assert packed.status_code == 302
    with zipfile.ZipFile(io.BytesIO(hub.http.get(packed.headers["location"]).content)) as archive:
        assert sorted(archive.read(name).decode() for name in archive.namelist()) == ["first\n", "second\n"]


def test_act_04_rerunning_is_a_new_attempt_of_a_completed_run(hub: Hub):
    run = plant(hub, jobs=[{"name": "build", "conclusion": "failure"}, {"name": "docs", "conclusion": "success"}])["id"]
    assert hub.post(f"actions/runs/{run}/rerun-failed-jobs").status_code == 201
    again = hub.get(f"actions/runs/{run}").json()
    assert (again["run_attempt"], again["conclusion"]) == (2, None)
    assert hub.post(f"actions/runs/{run}/rerun-failed-jobs").status_code == 403
    hub.steer(f"/runs/{run}", {"conclusion": "success"}, "PATCH")
    assert hub.get(f"actions/runs/{run}").json()["conclusion"] == "success"
    repository = hub.pygithub()
    assert repository.get_workflow_run(run).rerun_failed_jobs() is True


def test_act_05_dispatches_answer_nothing(hub: Hub):
    answer = hub.post("dispatches", {"event_type": "heal", "client_payload": {"a": 1}})
    assert (answer.status_code, answer.content) == (204, b"")
    assert hub.steer("/dispatches", method="GET")[-1]["event_type"] == "heal"
    assert hub.post("dispatches", {"client_payload": {}}).status_code == 422
    payload = {str(number): number for number in range(11)}
    assert hub.post("dispatches", {"event_type": "heal", "client_payload": payload}).status_code == 422


def test_log_01_log_addresses_expire_and_refuse_api_tokens(hub: Hub):
    run = plant(hub)
    place = f"actions/jobs/{run['jobs'][0]['id']}/logs"
    location = hub.get(place).headers["location"]
    assert hub.http.get(location, headers={"Authorization": f"token {hub.token}"}).status_code == 403
    assert hub.http.get(location).status_code == 200
    hub.steer("/clock", {"advance": 61})
    assert hub.http.get(location).status_code == 403
    assert hub.http.get(hub.get(place).headers["location"]).status_code == 200


@contextmanager
def listener(status: int = 200) -> Generator[tuple[str, list[dict[str, Any]]]]:
    """A server that notes what webhooks bring it."""
    got: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append({**{name.lower(): value for name, value in self.headers.items()}, "body": body})
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/hook", got
        finally:
            server.shutdown()
            thread.join()


def test_hok_01_deliveries_are_signed_and_never_sent_again_unasked(hub: Hub):
    with listener(status=500) as (url, got):
        config = {"url": url, "content_type": "json", "secret": "s3cret"}
        hook = hub.post("hooks", {"config": config, "events": ["issues"]})
        assert hook.status_code == 201
        assert "s3cret" not in hook.text
        number = hub.issue(title="hooked")["number"]
        sent = eventually(lambda: next((each for each in got if each["x-github-event"] == "issues"), None))
        digest = hmac.new(b"s3cret", sent["body"], hashlib.sha256).hexdigest()
        assert sent["x-hub-signature-256"] == f"sha256={digest}"
        payload = json.loads(sent["body"])
        assert (payload["action"], payload["issue"]["number"]) == ("opened", number)
        place = f"hooks/{hook.json()['id']}/deliveries"
        failed = eventually(lambda: [each for each in hub.get(place).json() if each["event"] == "issues"])
        assert [each["status_code"] for each in failed] == [500]
        assert hub.post(f"{place}/{failed[0]['id']}/attempts").status_code == 202
        again = eventually(lambda: [each for each in got if each["x-github-event"] == "issues"][1:])
        assert [each["x-github-delivery"] for each in again] == [sent["x-github-delivery"]]
        hub.delete(f"hooks/{hook.json()['id']}")


def test_hooks_to_other_machines_are_refused(hub: Hub):
    assert hub.post("hooks", {"config": {"url": "http://example.org/hook"}}).status_code == 422
