"""The control socket, over a real Unix socket, answering from a real ledger, history and book."""

import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import httpx
import pytest
import trio

from aggregator.filing.case import Outcome
from aggregator.moment import rfc3339
from aggregator.reason import Reason
from node.config import load
from node.control.changes import Decision
from node.control.client import Client, Refused, Unreachable
from node.control.server import serve
from node.control.view import View
from node.sockets import bind
from tests.pure.factories import BOB, name, tally
from tests.stage.view import NOW, REPOSITORY, some_view

T = TypeVar("T")


@asynccontextmanager
async def serving(view: View, path: Path) -> AsyncGenerator[Client]:
    bound = bind(path, socket.SOCK_STREAM, 0o600)
    async with trio.open_nursery() as nursery:
        await nursery.start(serve, bound.socket, view)
        yield Client(path)
        nursery.cancel_scope.cancel()
    bound.close()


async def ask(question: Callable[[], T]) -> T:
    return await trio.to_thread.run_sync(question)


async def test_errors_are_listed_with_state_reason_and_issue(tmp_path: Path):
    async with serving(some_view(tmp_path), tmp_path / "c.sock") as client:
        rows = {row.signature: row for row in await ask(client.errors)}
    assert [(rows[name(n)].state, rows[name(n)].reason) for n in (1, 2, 3, 4)] == [
        ("new", "BELOW_THRESHOLD"),
        ("due", "DUE"),
        ("filed", "UP_TO_DATE"),
        ("muted", "MUTED"),
    ]
    due, filed = rows[name(2)], rows[name(3)]
    assert (due.count, due.total, due.nodes, due.severity, due.threshold) == (5, 5, ["alice"], "high", 3)
    assert (due.first_seen, due.last_seen) == ("2027-01-15T08:10:00Z", "2027-01-15T08:14:50Z")
    assert filed.issue
    assert filed.issue.url == "https://github.com/acme/shop/issues/12"
    assert due.issue is None


async def test_the_worst_errors_come_first(tmp_path: Path):
    async with serving(some_view(tmp_path), tmp_path / "c.sock") as client:
        rows = await ask(client.errors)
    assert [row.signature for row in rows] == [name(2), name(3), name(4), name(1)]


async def test_counts_of_other_nodes_are_added(tmp_path: Path):
    view = some_view(tmp_path)
    view.saw(tally(1, 2), origin=BOB)
    async with serving(view, tmp_path / "c.sock") as client:
        rows = {row.signature: row for row in await ask(client.errors)}
    assert (rows[name(1)].count, rows[name(1)].nodes, rows[name(1)].state) == (3, ["alice", "bob"], "due")


async def test_what_filing_came_to_is_the_reason(tmp_path: Path):
    view = some_view(tmp_path)
    view.came[name(2)] = Outcome(name(2), REPOSITORY, "waiting", Reason.CAP_REACHED)
    async with serving(view, tmp_path / "c.sock") as client:
        (row,) = await ask(client.bundles)
        status = await ask(client.status)
    assert (row.root, row.state, row.reason) == (name(2), "waiting", "CAP_REACHED")
    assert status.filing.waiting == {"CAP_REACHED": 1}


async def test_with_filing_off_a_due_error_says_so(tmp_path: Path):
    view = some_view(tmp_path)
    view.loaded = load(None, {"XDG_CONFIG_HOME": str(tmp_path / "none")})
    async with serving(view, tmp_path / "c.sock") as client:
        rows = {row.signature: row for row in await ask(client.errors)}
        status = await ask(client.status)
    assert rows[name(2)].reason == "FILING_OFF"
    assert status.enabled is False


async def test_status_tells_of_node_filing_and_configuration(tmp_path: Path):
    async with serving(some_view(tmp_path), tmp_path / "c.sock") as client:
        await ask(lambda: client.bundle(dry_run=False))
        status = await ask(client.status)
    assert (status.node, status.peers, status.settled, status.leader) == ("alice", ["bob"], True, {REPOSITORY: "alice"})
    assert (status.received, status.acknowledged, status.refused) == (7, 7, {"rate": 2})
    assert (status.enabled, status.configured, status.repository) == (True, True, REPOSITORY)
    assert (status.github_token.present, status.github_token.source) == (True, "GITHUB_TOKEN")
    assert (status.auto_create_issues, status.max_log_lines) == (True, 100)
    assert status.bundle
    assert (status.bundle.unique, status.bundle.created, status.bundle.existing_checked) == (2, 1, 4)
    assert status.filing.pending == 1


async def test_show_has_the_samples_without_their_secrets(tmp_path: Path):
    async with serving(some_view(tmp_path), tmp_path / "c.sock") as client:
        detail = await ask(lambda: client.show(name(2)))
    assert detail.root == name(2)
    assert detail.records[0]["context"]["command"] == "shop run"
    assert "sk-0123456789abcdef" not in str(detail.records)


async def test_a_name_may_be_given_by_its_unambiguous_beginning(tmp_path: Path):
    view = some_view(tmp_path)
    view.saw(tally(0xAB << 120, 1), number=1)
    async with serving(view, tmp_path / "c.sock") as client:
        assert (await ask(lambda: client.show("s1-ab"))).root == name(0xAB << 120)
        with pytest.raises(Refused, match="names no error, or several"):
            await ask(lambda: client.show("s1-0"))


async def test_a_dry_run_shows_texts_and_files_nothing(tmp_path: Path):
    view = some_view(tmp_path)
    async with serving(view, tmp_path / "c.sock") as client:
        summary = await ask(lambda: client.bundle(dry_run=True))
    assert (summary.dry_run, summary.unique, summary.meeting_threshold) == (True, 4, 1)
    assert [plan.root for plan in summary.planned] == [name(2)]
    assert summary.planned[0].labels == ["error-aggregator", "bug", "severity:high"]
    assert "<b>" not in summary.planned[0].title
    assert view.last is None


@pytest.mark.parametrize(
    ("decision", "state"),
    [
        (Decision(action="mute", subject=name(2)), "muted"),
        (Decision(action="mute", subject=name(2), until="rate", count=10), "muted"),
        (Decision(action="mute", subject=name(2), until="rate", count=4), "due"),
        (Decision(action="mute", subject=name(2), until="release", release="1.2"), "due"),
        (Decision(action="forget", subject=name(2)), "refused"),
        (Decision(action="unmute", subject=name(4)), "due"),
        (Decision(action="refile", subject=name(3)), "due"),
    ],
    ids=lambda value: value.action if isinstance(value, Decision) else value,
)
async def test_a_decision_takes_effect_and_is_recorded(tmp_path: Path, decision: Decision, state: str):
    view = some_view(tmp_path)
    async with serving(view, tmp_path / "c.sock") as client:
        ruled = await ask(lambda: client.decide(decision))
        rows = {row.root: row for row in await ask(client.errors)}
    assert ruled.subject == decision.subject
    assert rows[decision.subject].state == state
    assert view.audit == [decision.action]


async def test_merging_makes_two_errors_one_and_splitting_two_again(tmp_path: Path):
    async with serving(some_view(tmp_path), tmp_path / "c.sock") as client:
        await ask(lambda: client.decide(Decision(action="merge", subject=name(2), other=name(3))))
        merged = await ask(lambda: client.show(name(3)))
        assert (merged.root, merged.joined) == (name(2), [name(3)])
        assert {row.issue.number for row in merged.errors if row.issue} == {12}
        with pytest.raises(Refused, match="one already"):
            await ask(lambda: client.decide(Decision(action="merge", subject=name(3), other=name(2))))
        await ask(lambda: client.decide(Decision(action="split", subject=name(3))))
        assert (await ask(lambda: client.show(name(3)))).joined == []
        with pytest.raises(Refused, match="was not merged"):
            await ask(lambda: client.decide(Decision(action="split", subject=name(3), other=name(2))))


@pytest.mark.parametrize(
    ("decision", "why"),
    [
        (Decision(action="mute", subject="s1-nothing"), "names no error"),
        (Decision(action="mute", subject=name(2), until="rate"), "above 0"),
        (Decision(action="burn", subject=name(2)), "is no decision"),
        (Decision(action="merge", subject=name(2)), "names no error"),
    ],
)
async def test_a_decision_that_makes_no_sense_is_refused_with_a_reason(tmp_path: Path, decision: Decision, why: str):
    view = some_view(tmp_path)
    async with serving(view, tmp_path / "c.sock") as client:
        with pytest.raises(Refused, match=why):
            await ask(lambda: client.decide(decision))
    assert view.audit == []


async def test_statistics_add_up(tmp_path: Path):
    view = some_view(tmp_path)
    async with serving(view, tmp_path / "c.sock") as client:
        await ask(lambda: client.decide(Decision(action="mute", subject=name(1))))
        stats = await ask(client.stats)
    assert (stats.signatures, stats.occurrences, stats.by_severity["high"]) == (4, 1056, 5)
    assert (stats.by_state, stats.actions) == ({"due": 1, "filed": 1, "muted": 2}, {"mute": 1})
    assert stats.top[0].signature == name(3)


async def test_issues_are_listed_with_their_address(tmp_path: Path):
    async with serving(some_view(tmp_path), tmp_path / "c.sock") as client:
        (row,) = await ask(client.issues)
    assert (row.repository, row.number, row.count, row.root) == (REPOSITORY, 12, 1000, name(3))


async def test_a_configuration_that_is_refused_is_answered_with_what_is_wrong(tmp_path: Path):
    async with serving(some_view(tmp_path), tmp_path / "c.sock") as client:
        (tmp_path / "config.toml").write_text("[filing]\nissues = 7\n")
        with pytest.raises(Refused, match=r"config\.toml:2: filing\.issues is 7: expected true or false"):
            await ask(client.reload)


async def test_a_fault_of_ours_is_answered_and_ends_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    view = some_view(tmp_path)
    async with serving(view, tmp_path / "c.sock") as client:
        view.came[name(2)] = None  # type: ignore[assignment]  # the fault
        view.policy = None  # type: ignore[assignment]
        with pytest.raises(Refused, match="see its log"):
            await ask(client.errors)
        assert await ask(client.reload)


async def test_a_request_that_is_too_large_or_no_json_is_refused(tmp_path: Path):
    async with serving(some_view(tmp_path), tmp_path / "c.sock") as client:
        for content in (b"x", b'{"action": 7}', b'{"action":"' + b"x" * 70_000 + b'"}'):
            transport = httpx.AsyncHTTPTransport(uds=str(client.socket))
            async with httpx.AsyncClient(transport=transport, base_url="http://node") as http:
                answer = await http.post("/v1/decisions", content=content)
            assert answer.status_code == 400


async def test_a_socket_that_a_dead_node_left_is_replaced(tmp_path: Path):
    path = tmp_path / "c.sock"
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(path))
    dead.close()
    async with serving(some_view(tmp_path), path) as client:
        assert (await ask(client.status)).node == "alice"
    assert not path.exists()


async def test_without_a_node_the_error_names_socket_and_remedy(tmp_path: Path):
    with pytest.raises(Unreachable, match=r"none\.sock.*aggregator node"):
        await ask(Client(tmp_path / "none.sock").status)


async def test_what_becomes_due_before_the_next_tick_is_due_since_now(tmp_path: Path):
    async with serving(some_view(tmp_path), tmp_path / "c.sock") as client:
        (row,) = await ask(client.bundles)
    assert row.due_since == rfc3339(NOW)


@pytest.mark.parametrize(
    ("came", "shown"),
    [
        (Outcome(name(3), REPOSITORY, "refused", Reason.TRANSFERRED, 12), ("refused", "TRANSFERRED")),
        (Outcome(name(3), REPOSITORY, "waiting", Reason.RATE_LIMITED, 12), ("filed", "RATE_LIMITED")),
        (Outcome(name(3), REPOSITORY, "waiting", Reason.OUTCOME_UNKNOWN), ("filed", "UP_TO_DATE")),  # of before
    ],
)
async def test_what_came_of_a_filed_error_is_told_and_leaves_it_filed(
    tmp_path: Path, came: Outcome, shown: tuple[str, str]
):
    view = some_view(tmp_path)
    view.came = {came.root: came}
    async with serving(view, tmp_path / "c.sock") as client:
        rows = {row.signature: row for row in await ask(client.errors)}
    assert (rows[name(3)].state, rows[name(3)].reason) == shown
