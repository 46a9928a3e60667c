"""What is sent again by itself: reads, and nothing else."""

import math
import ssl
import threading
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.lowlevel
import trio.testing
from github import Github

from aggregator.filing.calls import ListIssues, NotSent, Unsure
from aggregator.reason import Reason
from node.clock import SystemClock
from node.github import Attempt, Client, GitHub
from node.github.failures import Elsewhere
from tests.stage.scripted import GARBAGE, answer, certificate, client_of, scripted

GOOD = answer(200, '{"number": 1}')
AWAY = answer(502, '{"message": "Server Error"}')


def post(g: Github) -> Any:
    return g.requester.requestJsonAndCheck("POST", "/repos/acme/shop/issues", input={"title": "t"})[1]


def patch(g: Github) -> Any:
    return g.requester.requestJsonAndCheck("PATCH", "/repos/acme/shop/issues/1", input={"title": "t"})[1]


def get(g: Github) -> Any:
    return g.requester.requestJsonAndCheck("GET", "/repos/acme/shop/issues/1")[1]


async def write(client: Client, what: Any) -> Any:
    return await client.write("test", "acme/shop", "url", what)


@pytest.mark.parametrize("what", [post, patch])
async def test_a_write_whose_answer_is_lost_is_sent_once_and_unsure(what: Any) -> None:
    async with scripted(lambda _: None) as server:
        client = client_of(server.url)
        with pytest.raises(Unsure):
            await write(client, what)
        client.close()
        assert len(server.asked) == 1


async def test_a_write_over_tls_that_breaks_before_the_answer_is_sent_once_and_unsure(tmp_path: Path) -> None:
    pem = certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)
    async with scripted(lambda _: GARBAGE, context) as server:
        client = client_of(server.url, verify=str(pem))
        with pytest.raises(Unsure):
            await write(client, post)
        client.close()
        assert server.asked == ["POST /repos/acme/shop/issues"]


async def test_a_write_that_meets_a_foreign_certificate_was_surely_not_sent(tmp_path: Path) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate(tmp_path))
    async with scripted(lambda _: GOOD, context) as server:
        client = client_of(server.url)
        with pytest.raises(NotSent):
            await write(client, post)
        client.close()
        assert server.asked == []


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_write_answered_with_a_server_error_is_sent_once_and_unsure(status: int) -> None:
    async with scripted(lambda _: answer(status, '{"message": "Server Error"}', Retry_After="1")) as server:
        client = client_of(server.url)
        with pytest.raises(Unsure):
            await write(client, post)
        client.close()
        assert server.count("POST") == 1


async def test_a_write_answered_with_half_a_body_is_unsure() -> None:
    async with scripted(lambda _: answer(201, '{"number": 1')) as server:
        client = client_of(server.url)
        with pytest.raises(Unsure):
            await write(client, post)
        client.close()
        assert server.count("POST") == 1


async def test_a_read_is_tried_again_until_it_succeeds() -> None:
    replies = iter([None, AWAY, GOOD])
    async with scripted(lambda _: next(replies)) as server:
        client = client_of(server.url)
        assert (await client.read(get))["number"] == 1
        client.close()
        assert server.count("GET") == 3


async def test_a_read_that_keeps_failing_is_given_up_and_surely_did_nothing() -> None:
    async with scripted(lambda _: AWAY) as server:
        client = client_of(server.url)
        with pytest.raises(NotSent) as caught:
            await client.read(get)
        client.close()
        assert caught.value.reason is Reason.GITHUB_AWAY
        assert server.count("GET") == 4


async def test_nobody_listening_is_surely_not_sent() -> None:
    async with scripted(lambda _: GOOD) as server:
        url = server.url
    client = client_of(url)
    with pytest.raises(NotSent):
        await write(client, post)
    client.close()


@pytest.mark.parametrize("status", [301, 307, 308])
@pytest.mark.parametrize("method", ["read", "write"])
async def test_a_redirect_is_not_followed_but_told(status: int, method: str) -> None:
    async with scripted(lambda _: answer(status, "{}", Location="/repositories/1/issues")) as server:
        client = client_of(server.url)
        with pytest.raises(Elsewhere):
            await (client.read(get) if method == "read" else write(client, post))
        client.close()
        assert len(server.asked) == 1


async def test_a_rate_limit_is_told_at_once_and_nothing_is_sent_until_it_is_over() -> None:
    limited = answer(403, '{"message": "You have exceeded a secondary rate limit."}', Retry_After="30")
    async with scripted(lambda _: limited) as server:
        client = client_of(server.url)
        with pytest.raises(NotSent) as first:
            await client.read(get)
        with pytest.raises(NotSent) as second:
            await write(client, post)
        client.close()
        assert first.value.reason is second.value.reason is Reason.RATE_LIMITED
        assert first.value.retry_after == 30.0
        assert 0 < second.value.retry_after <= 30.0
        assert len(server.asked) == 1
        assert client.statistics().waiting > 0


async def test_a_write_under_way_is_waited_for_when_its_task_is_cancelled() -> None:
    heard: list[Attempt] = []
    scopes: list[trio.CancelScope] = []

    def stop(_: str) -> bytes:
        scopes[0].cancel()
        return GOOD

    async with scripted(stop) as server:
        client = client_of(server.url)
        client.report = heard.append
        with trio.move_on_after(math.inf) as scope:
            scopes.append(scope)
            await write(client, post)
            await trio.lowlevel.checkpoint()
        client.close()
        assert scope.cancelled_caught
        assert [attempt.outcome for attempt in heard] == ["done"]


async def test_a_write_that_does_not_get_its_turn_in_time_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.github.client.START", 0.05)
    held = threading.Event()

    def slow(_: Github) -> bool:
        return held.wait(120.0)

    async with scripted(lambda _: GOOD) as server, trio.open_nursery() as nursery:
        client = client_of(server.url)
        nursery.start_soon(client.read, slow)
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(NotSent):
            await write(client, post)
        held.set()
        assert server.asked == []
    client.close()


async def test_a_read_under_way_is_left_alone_and_the_next_call_waits_for_its_end() -> None:
    scopes: list[trio.CancelScope] = []

    def stop(_: str) -> bytes:
        if len(server.asked) == 1:
            scopes[0].cancel()
        return GOOD

    async with scripted(stop) as server:
        client = client_of(server.url)
        with trio.move_on_after(math.inf) as scope:
            scopes.append(scope)
            await client.read(get)
        assert scope.cancelled_caught
        assert (await client.read(get))["number"] == 1
        client.close()
        assert server.count("GET") == 2


async def test_every_attempted_write_is_reported_with_what_became_of_it() -> None:
    replies = iter([GOOD, None, answer(422, '{"message": "Validation Failed"}')])
    heard: list[Attempt] = []
    async with scripted(lambda _: next(replies)) as server:
        client = client_of(server.url)
        client.report = heard.append
        await write(client, post)
        with pytest.raises(Unsure):
            await write(client, post)
        with pytest.raises(Exception, match="Validation Failed"):
            await write(client, post)
        client.close()
    assert [attempt.outcome.split(":")[0] for attempt in heard] == ["done", "Unsure", "Rejected"]
    assert {attempt.action for attempt in heard} == {"test"}


async def test_a_report_that_fails_does_not_lose_the_answer() -> None:
    def fail(_: Attempt) -> None:
        raise OSError("disk full")

    async with scripted(lambda _: GOOD) as server:
        client = client_of(server.url)
        client.report = fail
        assert (await write(client, post))["number"] == 1
        client.close()


async def test_a_list_of_a_renamed_repository_is_never_read_without_its_query() -> None:
    repository = '{"id": 7, "full_name": "acme/shop", "private": true, "url": "URL/repos/acme/shop"}'

    def say(line: str) -> bytes:
        if "/issues" in line:
            return answer(301, "{}", Location=f"{server.url}/repositories/7/issues")
        return answer(200, repository.replace("URL", server.url))

    async with scripted(say) as server:
        client = client_of(server.url)
        with pytest.raises(Elsewhere):
            await GitHub(client, SystemClock()).perform(ListIssues("acme/shop"))
        client.close()
        assert not [line for line in server.asked if line.startswith("GET /repositories")]
