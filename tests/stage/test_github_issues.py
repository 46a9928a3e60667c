"""Issues against the stand-in: each call does what it promises, and a write is sent once, whatever happens."""

import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from github import GithubException

from aggregator.filing.calls import (
    AddComment,
    AddLabels,
    Call,
    CreateIssue,
    DuplicateOf,
    EditIssue,
    HighestNumber,
    Hint,
    ListComments,
    ListIssues,
    MayTriage,
    MayWrite,
    NotSent,
    ReadIssue,
    Rejected,
    Unsure,
)
from aggregator.filing.settings import OWN_LABEL
from aggregator.reason import Reason
from node.clock import SystemClock
from node.github import GitHub
from node.github.failures import moved_issue
from tests.stage.github_world import SHOP, World, github_world
from tests.stage.scripted import answer, client_of, scripted

BODY = "first line\n\n<!-- error-aggregator: hidden -->\n\n"
CREATE = CreateIssue(SHOP, "It broke", BODY, (OWN_LABEL, "bug"))


@pytest.fixture
async def world() -> AsyncGenerator[World]:
    async with github_world() as made:
        yield made


async def filed(world: World, **more: Any) -> int:
    """An issue that bears our label; its number."""
    return (await world.github().perform(CREATE)).number


async def test_a_created_issue_comes_back_as_github_shows_it(world: World) -> None:
    made = await world.github().perform(CREATE)
    assert (made.repository, made.number, made.title, made.body) == (SHOP, 1, "It broke", BODY)
    assert (made.open, made.state_reason, made.closed_at, made.locked) == (True, "", 0.0, False)
    assert (set(made.labels), made.author) == ({OWN_LABEL, "bug"}, "fleet-bot")
    read = await world.github().perform(ReadIssue(SHOP, made.number))
    assert read == made
    attempt = world.heard[-1]
    assert (attempt.action, attempt.outcome) == ("create issue", "done")
    assert attempt.url.endswith("/acme/shop/issues/1")


@pytest.mark.parametrize(
    ("fault", "effect", "exists"),
    [("FLT-01", "", 1), ("FLT-02", "", 0), ("FLT-03", "before", 0), ("FLT-03", "after", 1)],
)
async def test_an_issue_whose_answer_is_lost_is_posted_once_and_unsure(
    world: World, fault: str, effect: str, exists: int
) -> None:
    await world.fault(fault, "POST", "*/issues", when=effect)
    with pytest.raises(Unsure):
        await world.github().perform(CREATE)
    assert len(await world.asked("POST")) == 1
    assert len(await world.issues()) == exists
    assert world.heard[-1].outcome.startswith("Unsure")


@pytest.mark.parametrize("fault", ["RTE-01", "RTE-02"])
@pytest.mark.parametrize("status", [403, 429])
async def test_a_rate_limited_issue_is_posted_once_and_surely_not_made(world: World, fault: str, status: int) -> None:
    github = world.github()
    await world.fault(fault, "POST", "*/issues", status=status)
    with pytest.raises(NotSent) as caught:
        await github.perform(CREATE)
    assert caught.value.reason is Reason.RATE_LIMITED
    assert caught.value.retry_after >= 55
    with pytest.raises(NotSent):
        await github.perform(CREATE)
    assert len(await world.asked("POST")) == 1
    assert await world.issues() == []


async def test_a_secondary_limit_says_itself_how_long(world: World) -> None:
    await world.fault("RTE-02", "POST", "*/issues", retry_after=7)
    with pytest.raises(NotSent) as caught:
        await world.github().perform(CREATE)
    assert caught.value.retry_after == 7


async def test_labels_that_are_dropped_silently_are_seen_in_the_answer(world: World) -> None:
    await world.fault("PRM-01")
    assert (await world.github().perform(CREATE)).labels == ()


@pytest.mark.parametrize(
    ("title", "body"), [("", "text"), ("title", "x" * 65_537), ("t" * 2000, "text")], ids=["blank", "body", "title"]
)
async def test_an_issue_that_github_does_not_accept_is_rejected(world: World, title: str, body: str) -> None:
    with pytest.raises(Rejected) as caught:
        await world.github().perform(CreateIssue(SHOP, title, body, ()))
    assert caught.value.reason is Reason.REJECTED
    assert "422" in caught.value.text


async def test_a_repository_that_has_become_public_since_is_written_to_no_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.github.repository.FACTS_AGE", 0.0)
    monkeypatch.setattr("node.github.issues.FACTS_AGE", 0.0)
    github = world.github()
    await github.perform(CREATE)
    await world.control("PATCH", f"/repositories/{SHOP}", private=False)
    edit, comment, labels = EditIssue(SHOP, 1, body="b"), AddComment(SHOP, 1, "c"), AddLabels(SHOP, 1, ("l",))
    calls: list[Call[Any]] = [CREATE, edit, comment, labels]
    for call in calls:
        with pytest.raises(Rejected) as caught:
            await github.perform(call)
        assert caught.value.reason is Reason.REPOSITORY_PUBLIC
    assert len(await world.asked("POST")) == 1


@pytest.mark.parametrize(("fault", "reason"), [("STA-01", Reason.ISSUES_OFF), ("STA-04", Reason.FORBIDDEN)])
async def test_a_state_that_set_in_since_the_last_look_is_rejected_by_its_name(
    world: World, fault: str, reason: Reason
) -> None:
    github = world.github()
    await github.facts(SHOP)
    await world.fault(fault)
    with pytest.raises(Rejected) as caught:
        await github.perform(CREATE)
    assert caught.value.reason is reason


async def test_the_list_has_all_issues_with_our_label_and_nothing_else(world: World) -> None:
    github = world.github()
    await github.perform(CREATE)
    await github.perform(CREATE)
    await github.perform(EditIssue(SHOP, 2, open=False, state_reason="not_planned"))
    await world.person("open", title="somebody else's")
    await world.control("POST", "/commits", branch="fix", files={"a.txt": "a"})
    pull = await world.person("open_pull", head="fix", title="a fix")
    await world.person("label", number=pull["number"], labels=[OWN_LABEL])
    listed = await github.perform(ListIssues(SHOP))
    assert [(issue.number, issue.open, issue.state_reason) for issue in listed] == [
        (1, True, ""),
        (2, False, "not_planned"),
    ]
    assert listed[1].closed_at > 0
    assert (await github.perform(HighestNumber(SHOP))).number == pull["number"]


async def test_every_page_is_read_and_an_unchanged_one_costs_nothing(world: World) -> None:
    for number in range(203):
        await world.person("open", title=f"error {number}", labels=[OWN_LABEL])
    github = world.github()
    first = await github.perform(ListIssues(SHOP))
    before = github.statistics()
    again = await github.perform(ListIssues(SHOP))
    after = github.statistics()
    assert [issue.number for issue in first] == list(range(1, 204))
    assert again == first
    assert after.unchanged - before.unchanged == 3
    assert after.limits[0].remaining == before.limits[0].remaining
    await world.person("open", title="one more", labels=[OWN_LABEL])
    assert len(await github.perform(ListIssues(SHOP))) == 204


async def test_a_list_longer_than_the_bound_is_refused_and_never_cut(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.github.pages.LONGEST_LIST", 1)
    for number in range(101):
        await world.person("open", title=f"error {number}", labels=[OWN_LABEL])
    with pytest.raises(Rejected):
        await world.github().perform(ListIssues(SHOP))


async def test_a_list_that_breaks_off_half_way_is_no_list(world: World) -> None:
    for number in range(101):
        await world.person("open", title=f"error {number}", labels=[OWN_LABEL])
    github = world.github()
    await github.facts(SHOP)
    await world.fault("RTE-02", "GET", "*/issues", times=1, retry_after=1)
    with pytest.raises(NotSent):
        await github.perform(ListIssues(SHOP))


async def test_an_empty_repository_has_no_highest_number(world: World) -> None:
    assert (await world.github().perform(HighestNumber(SHOP))).number == 0


async def test_an_issue_that_the_list_does_not_show_yet_is_read_by_number(world: World) -> None:
    await world.fault("FLT-04", seconds=60)
    number = await filed(world)
    assert await world.github().perform(ListIssues(SHOP)) == ()
    read = await world.github().perform(ReadIssue(SHOP, number))
    assert read is not None
    assert read.body == BODY


async def test_reading_a_number_tells_absent_deleted_moved_and_pull_request_apart(world: World) -> None:
    github = world.github()
    for _ in range(3):
        await filed(world)
    await world.person("delete", number=1)
    await world.control("POST", "/repositories", full_name="acme/other")
    moved = await world.person("transfer", number=2, to="acme/other")
    await world.control("POST", "/commits", branch="fix", files={"a.txt": "a"})
    pull = await world.person("open_pull", head="fix", title="a fix", body=BODY)

    assert await github.perform(ReadIssue(SHOP, 99)) is None
    with pytest.raises(Rejected) as caught:
        await github.perform(ReadIssue(SHOP, 1))
    assert caught.value.reason is Reason.GONE
    there = await github.perform(ReadIssue(SHOP, 2))
    assert there is not None
    assert (there.repository, there.number) == ("acme/other", moved["number"])
    change = await github.perform(ReadIssue(SHOP, pull["number"]))
    assert change is not None
    assert (change.title, change.body) == ("a fix", "")


async def test_an_issue_that_was_moved_on_and_on_says_nothing_about_its_repository(world: World) -> None:
    github = world.github()
    for name in ("acme/other", "acme/third"):
        await world.control("POST", "/repositories", full_name=name)
    number = await filed(world)
    moved = await world.person("transfer", number=number, to="acme/other")
    await world.person("transfer", number=moved["number"], to="acme/third", repository="acme/other")
    with pytest.raises(Rejected) as caught:
        await github.perform(ReadIssue(SHOP, number))
    assert (caught.value.reason, caught.value.stops) == (Reason.TRANSFERRED, False)
    assert f"#{number}" in caught.value.text
    assert await github.perform(ReadIssue(SHOP, 99)) is None


@pytest.mark.parametrize("status", [403, 404, 451])
def test_a_place_that_an_issue_was_moved_to_and_that_refuses_speaks_of_that_issue_alone(status: int) -> None:
    with pytest.raises(Rejected) as caught, moved_issue(7):
        raise GithubException(status, {"message": "Not Found"}, {})
    assert (caught.value.reason, caught.value.stops) == (Reason.TRANSFERRED, False)


@pytest.mark.parametrize("status", [401, 410, 429, 502])
def test_what_a_new_place_says_about_token_limits_or_deletion_stays_what_it_is(status: int) -> None:
    with pytest.raises(GithubException), moved_issue(7):
        raise GithubException(status, {"message": "This issue was deleted"}, {})


async def test_an_issue_of_a_renamed_repository_is_where_it_was(world: World) -> None:
    number = await filed(world)
    github = world.github()
    await github.facts(SHOP)
    await world.fault("STA-03")
    read = await github.perform(ReadIssue(SHOP, number))
    assert read is not None
    assert (read.repository, read.number) == (SHOP, number)
    assert [issue.number for issue in await github.perform(ListIssues(SHOP))] == [number]
    assert (await github.perform(CREATE)).number == number + 1


async def test_who_closed_an_issue_is_told(world: World) -> None:
    number = await filed(world)
    await world.person("close", number=number, login="alice", state_reason="not_planned")
    read = await world.github().perform(ReadIssue(SHOP, number))
    assert read is not None
    assert (read.open, read.state_reason, read.closed_by) == (False, "not_planned", "alice")
    assert read.closed_at >= read.created_at > 0


async def test_an_edit_changes_what_it_names_and_leaves_the_rest(world: World) -> None:
    number = await filed(world)
    github = world.github()
    await github.perform(EditIssue(SHOP, number, body="new"))
    read = await github.perform(ReadIssue(SHOP, number))
    assert read is not None
    assert (read.title, read.body, read.open) == ("It broke", "new", True)
    await github.perform(EditIssue(SHOP, number, open=False, state_reason="completed"))
    await github.perform(EditIssue(SHOP, number, open=True))
    read = await github.perform(ReadIssue(SHOP, number))
    assert read is not None
    assert (read.body, read.open, read.state_reason) == ("new", True, "reopened")


async def test_a_duplicate_is_closed_with_its_original(world: World) -> None:
    original, other = await filed(world), await filed(world)
    github = world.github()
    duplicate = EditIssue(SHOP, other, open=False, state_reason="duplicate", duplicate_of=original)
    await github.perform(duplicate)
    read = await github.perform(ReadIssue(SHOP, other))
    assert read is not None
    assert (read.open, read.state_reason) == (False, "duplicate")
    assert (await world.issues())[1]["duplicate_of"] == original
    assert await github.perform(DuplicateOf(SHOP, other)) == original


@pytest.mark.parametrize("fault", ["FLT-01", "FLT-02", "FLT-03"])
async def test_an_edit_whose_answer_is_lost_is_sent_once_and_unsure(world: World, fault: str) -> None:
    number = await filed(world)
    await world.fault(fault, "PATCH")
    with pytest.raises(Unsure):
        await world.github().perform(EditIssue(SHOP, number, body="new"))
    assert len(await world.asked("PATCH")) == 1


async def test_labels_are_made_once_and_added(world: World) -> None:
    number = await filed(world)
    github = world.github()
    await github.perform(AddLabels(SHOP, number, ("BUG", "severity:high", "two words")))
    await github.perform(AddLabels(SHOP, number, ("severity:high",)))
    read = await github.perform(ReadIssue(SHOP, number))
    assert read is not None
    assert {label.lower() for label in read.labels} == {OWN_LABEL, "bug", "severity:high", "two words"}
    assert len(await world.asked("POST", f"/repos/{SHOP}/labels")) == 3


async def test_labels_that_cannot_be_made_are_left_out(world: World) -> None:
    number = await filed(world)
    await world.github().perform(AddLabels(SHOP, number, ("x" * 51, "good")))
    read = await world.github().perform(ReadIssue(SHOP, number))
    assert read is not None
    assert set(read.labels) == {OWN_LABEL, "bug", "good"}


async def test_a_comment_is_made_once_and_listed_in_order(world: World) -> None:
    number = await filed(world)
    github = world.github()
    await github.perform(AddComment(SHOP, number, "one"))
    await world.person("comment", number=number, login="alice", body="two")
    listed = await github.perform(ListComments(SHOP, number))
    assert listed == (("one", "fleet-bot"), ("two", "alice"))


@pytest.mark.parametrize("fault", ["FLT-01", "FLT-02", "FLT-03"])
async def test_a_comment_whose_answer_is_lost_is_sent_once_and_unsure(world: World, fault: str) -> None:
    number = await filed(world)
    await world.fault(fault, "POST", "*/comments")
    with pytest.raises(Unsure):
        await world.github().perform(AddComment(SHOP, number, "one"))
    assert len(await world.asked("POST", "/comments")) == 1


async def test_a_locked_issue_refuses_the_comment_of_an_outsider_by_its_name(world: World) -> None:
    number = await filed(world)
    await world.person("lock", number=number, login="alice")
    await world.fault("STA-05", number=number)
    outsider = await world.token(login="eve", permission="read")
    with pytest.raises(Rejected) as caught:
        await world.github(outsider).perform(AddComment(SHOP, number, "one"))
    assert caught.value.reason is Reason.LOCKED


async def test_a_write_to_an_absent_issue_is_rejected(world: World) -> None:
    for call in (EditIssue(SHOP, 99, body="b"), AddComment(SHOP, 99, "c"), AddLabels(SHOP, 99, ("bug",))):
        with pytest.raises(Rejected) as caught:
            await world.github().perform(call)
        assert caught.value.reason is Reason.REJECTED


@pytest.mark.parametrize(
    ("role", "write", "triage"),
    [
        ("admin", True, True),
        ("maintain", True, True),
        ("push", True, True),
        ("triage", False, True),
        ("pull", False, False),
    ],
)
async def test_what_somebody_may_do_is_asked_of_github(world: World, role: str, write: bool, triage: bool) -> None:
    await world.control("POST", "/collaborators", login="eve", permission=role)
    github = world.github()
    assert await github.perform(MayWrite(SHOP, "eve")) is write
    assert await github.perform(MayTriage(SHOP, "eve")) is triage


async def test_nobody_and_an_unknown_account_may_do_nothing(world: World) -> None:
    github = world.github()
    for login in ("", "nobody-of-that-name", "some-app[bot]"):
        assert not await github.perform(MayWrite(SHOP, login))
        assert not await github.perform(MayTriage(SHOP, login))


@pytest.mark.parametrize(
    ("association", "write", "triage"),
    [("OWNER", True, True), ("COLLABORATOR", True, True), ("MEMBER", False, True), ("CONTRIBUTOR", False, False)],
)
async def test_where_rights_are_not_told_the_association_is_taken(association: str, write: bool, triage: bool) -> None:
    issue = {"id": 1, "number": 1, "title": "t", "state": "open", "created_at": "2026-01-01T00:00:00Z"}
    wrote = {**issue, "user": {"login": "alice"}, "author_association": association}

    def say(line: str) -> bytes:
        if line.endswith("/permission"):
            return answer(403, '{"message": "Must have push access to view collaborator permission."}')
        if line.endswith("/issues/1"):
            return answer(200, json.dumps(wrote))
        return answer(200, json.dumps({"full_name": SHOP, "url": f"{server.url}/repos/{SHOP}"}))

    async with scripted(say) as server:
        client = client_of(server.url)
        github = GitHub(client, SystemClock())
        assert not await github.perform(MayTriage(SHOP, "alice"))
        await github.perform(ReadIssue(SHOP, 1))
        assert await github.perform(MayWrite(SHOP, "alice")) is write
        assert await github.perform(MayTriage(SHOP, "Alice")) is triage
        client.close()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Duplicate of #1", 1),
        ("Thanks.\n\nduplicate of #1", 1),
        (f"Duplicate of {SHOP}#1", 1),
        (f"Duplicate of https://github.com/{SHOP}/issues/1", 1),
        ("Duplicate of acme/other#1", 0),
        ("this is no duplicate of #1", 0),
        ("Duplicate of #2", 0),
    ],
)
async def test_a_duplicate_may_be_named_in_a_comment_by_who_may_triage(world: World, text: str, found: int) -> None:
    for _ in range(2):
        await filed(world)
    await world.person("comment", number=2, login="trent", body=text)
    await world.control("POST", "/collaborators", login="eve", permission="pull")
    await world.person("comment", number=2, login="eve", body="Duplicate of #7")
    await world.person("close", number=2, login="trent", state_reason="not_planned")
    assert await world.github().perform(DuplicateOf(SHOP, 2)) == found


async def test_search_gives_hints_and_never_a_failure(world: World) -> None:
    await world.control("POST", "/limits", search_lag=0)
    await world.person("open", title="TimeoutError in checkout", login="alice")
    github = world.github()
    assert await github.perform(Hint(SHOP, "TimeoutError checkout")) == (1,)
    assert await github.perform(Hint(SHOP, "repo:acme/other is:closed -- \"'")) == ()
    await world.fault("RTE-01", "GET", "/search/issues")
    assert await github.perform(Hint(SHOP, "TimeoutError")) == ()
    assert await github.perform(ReadIssue(SHOP, 1)) is not None


async def test_a_revoked_token_is_not_sent_by_its_name(world: World) -> None:
    github = world.github()
    await github.facts(SHOP)
    await world.control("DELETE", "/tokens", token=world.standin.token)
    with pytest.raises(NotSent) as caught:
        await github.perform(CREATE)
    assert caught.value.reason is Reason.BAD_CREDENTIALS


async def test_the_facts_of_a_repository_and_the_login_are_told(world: World) -> None:
    facts = await world.github().facts("ACME/Shop")
    assert (facts.name, facts.private, facts.archived, facts.has_issues) == (SHOP, True, False, True)
    assert facts.push
    assert not (await world.github(world.standin.readonly_token).facts(SHOP)).push
    assert await world.github().login() == "fleet-bot"


@pytest.mark.parametrize("name", ["", "shop", "acme/shop/x", "acme/..", "acme/shop?x=1", "../../user"])
async def test_what_is_no_repository_name_is_never_sent(world: World, name: str) -> None:
    with pytest.raises(Rejected) as caught:
        await world.github().perform(ListIssues(name))
    assert caught.value.reason is Reason.REPOSITORY_MISSING
    assert await world.asked("GET") == []


async def test_a_token_never_shows_in_what_is_told(world: World) -> None:
    github = world.github("ghp_" + "y" * 36)
    with pytest.raises(NotSent) as caught:
        await github.perform(CREATE)
    assert "yyyy" not in repr(caught.value) + str(caught.value) + repr(github) + repr(vars(world.clients[-1].token))
