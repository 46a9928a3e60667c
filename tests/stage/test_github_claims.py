"""Claims against the stand-in: of many who try one succeeds, and no lost answer makes a second winner."""

from collections.abc import AsyncGenerator

import msgspec
import pytest
import trio

from aggregator.filing.calls import AdvanceClaim, CreateClaim, Failure, NotSent, ReadClaim, Rejected, Unsure
from aggregator.filing.claim import Claim, ref
from aggregator.reason import Reason
from tests.stage.github_world import ROOT, SHOP, World, claim, github_world

REFS = "/git/refs"
THE_REF = "/git/refs/error-aggregator/issue/" + ROOT


@pytest.fixture
async def world() -> AsyncGenerator[World]:
    async with github_world() as made:
        yield made


async def created(world: World, nonce: str = "one") -> Claim:
    head = await world.github().perform(CreateClaim(claim(nonce)))
    assert head is not None
    return head


async def test_a_claim_is_created_once_and_reads_as_it_was_written(world: World) -> None:
    github = world.github()
    assert await github.perform(ReadClaim(SHOP, ROOT)) is None
    head = await github.perform(CreateClaim(claim()))
    assert head is not None
    assert head == await github.perform(ReadClaim(SHOP, ROOT))
    assert len(head.sha) == 40
    assert msgspec.structs.replace(head, sha="") == claim()
    assert await github.perform(CreateClaim(claim("two"))) is None


async def test_of_many_who_create_the_same_claim_one_wins(world: World) -> None:
    won: list[str] = []

    async def contend(nonce: str) -> None:
        if await world.github().perform(CreateClaim(claim(nonce))):
            won.append(nonce)

    async with trio.open_nursery() as nursery:
        for number in range(6):
            nursery.start_soon(contend, f"nonce-{number}")
    head = await world.github().perform(ReadClaim(SHOP, ROOT))
    assert head is not None
    assert won == [head.nonce]


async def test_repeating_the_same_claim_is_the_same_claim(world: World) -> None:
    head = await created(world)
    assert await world.github().perform(CreateClaim(claim())) == head


LOST = [("FLT-01", ""), ("FLT-02", ""), ("FLT-03", "before"), ("FLT-03", "after")]


@pytest.mark.parametrize(("fault", "effect"), LOST)
async def test_a_lost_answer_to_a_claim_is_unsure_and_asking_again_tells(world: World, fault: str, effect: str) -> None:
    await world.fault(fault, "POST", "*/git/refs", when=effect)
    with pytest.raises(Unsure):
        await world.github().perform(CreateClaim(claim()))
    assert len(await world.asked("POST", REFS)) == 1
    assert await world.github().perform(CreateClaim(claim())) is not None
    assert await world.github().perform(CreateClaim(claim("two"))) is None


@pytest.mark.parametrize("fault", ["FLT-01", "FLT-02", "FLT-03", "RTE-01", "RTE-02"])
async def test_a_claim_whose_commit_fails_was_surely_not_made(world: World, fault: str) -> None:
    await world.fault(fault, "POST", "*/git/commits")
    with pytest.raises(NotSent):
        await world.github().perform(CreateClaim(claim()))
    assert await world.asked("POST", REFS) == []


async def test_a_claim_that_a_middlebox_delivers_twice_is_still_ours(world: World) -> None:
    await world.fault("FLT-06", "POST", "*/git/refs")
    assert await world.github().perform(CreateClaim(claim())) is not None


async def test_a_taken_claim_stays_taken_while_reads_lag(world: World) -> None:
    await created(world)
    await world.fault("FLT-05", path="*/git/ref/*", seconds=60)
    assert await world.github().perform(CreateClaim(claim("two"))) is None


async def test_a_taken_claim_whose_holder_cannot_be_read_is_unsure(world: World) -> None:
    await created(world)
    await world.fault("FLT-02", "GET", "*/git/ref/*", times=9)
    with pytest.raises(Unsure):
        await world.github().perform(CreateClaim(claim("two")))


async def test_an_advanced_claim_says_the_new_thing(world: World) -> None:
    head = await created(world)
    assert await world.github().perform(AdvanceClaim(head.filed(7, 1_800_000_060.0))) is not None
    now = await world.github().perform(ReadClaim(SHOP, ROOT))
    assert now is not None
    assert (now.state, now.number) == ("filed", 7)


async def test_of_two_who_advance_the_same_head_one_wins(world: World) -> None:
    head = await created(world)
    first = head.next(nonce="b", node="node-b", login="fleet-bot", at=1_800_000_700.0)
    second = head.next(nonce="c", node="node-c", login="fleet-bot", at=1_800_000_700.0)
    assert await world.github().perform(AdvanceClaim(first)) is not None
    assert await world.github().perform(AdvanceClaim(second)) is None
    assert await world.github().perform(AdvanceClaim(first)) is not None


@pytest.mark.parametrize("fault", ["FLT-01", "FLT-02", "FLT-03"])
async def test_a_lost_answer_to_an_advance_is_unsure_and_asking_again_tells(world: World, fault: str) -> None:
    following = (await created(world)).filed(7, 1_800_000_060.0)
    await world.fault(fault, "PATCH", "*/git/refs/*")
    with pytest.raises(Unsure):
        await world.github().perform(AdvanceClaim(following))
    assert len(await world.asked("PATCH", THE_REF)) == 1
    assert await world.github().perform(AdvanceClaim(following)) is not None


async def test_an_advance_after_the_ref_was_removed_is_refused(world: World) -> None:
    head = await created(world)
    await remove(world)
    with pytest.raises(Rejected) as caught:
        await world.github().perform(AdvanceClaim(head.released(1.0)))
    assert caught.value.reason is Reason.CLAIM_REFUSED


@pytest.mark.parametrize("fault", ["RTE-01", "RTE-02"])
@pytest.mark.parametrize("status", [403, 429])
async def test_a_rate_limited_claim_was_surely_not_made(world: World, fault: str, status: int) -> None:
    await world.fault(fault, "POST", "*/git/refs", status=status)
    with pytest.raises(NotSent) as caught:
        await world.github().perform(CreateClaim(claim()))
    assert caught.value.reason is Reason.RATE_LIMITED
    assert caught.value.retry_after >= 55
    assert await world.github().perform(ReadClaim(SHOP, ROOT)) is None


async def test_a_ref_that_is_none_of_ours_is_unreadable(world: World) -> None:
    branch = await world.http.get(f"{world.standin.url}/repos/{SHOP}/git/ref/heads/main", headers=headers(world))
    body = {"ref": ref(ROOT), "sha": branch.json()["object"]["sha"]}
    (
        await world.http.post(f"{world.standin.url}/repos/{SHOP}/git/refs", headers=headers(world), json=body)
    ).raise_for_status()
    with pytest.raises(Rejected) as caught:
        await world.github().perform(ReadClaim(SHOP, ROOT))
    assert caught.value.reason is Reason.CLAIM_UNREADABLE
    assert await world.github().perform(CreateClaim(claim())) is None


async def test_a_claim_is_a_commit_without_parent_and_without_files(world: World) -> None:
    head = await created(world)
    url = f"{world.standin.url}/repos/{SHOP}/git/commits/{head.sha}"
    commit = (await world.http.get(url, headers=headers(world))).json()
    assert commit["parents"] == []
    assert commit["tree"]["sha"] == "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
    assert commit["author"]["date"] == commit["committer"]["date"] == "2027-01-15T08:00:00Z"


async def test_a_token_that_may_not_write_makes_no_claim(world: World) -> None:
    with pytest.raises(Rejected) as caught:
        await world.github(world.standin.readonly_token).perform(CreateClaim(claim()))
    assert caught.value.reason is Reason.FORBIDDEN
    assert await world.asked("POST") == []


async def test_a_token_without_the_right_to_contents_is_refused(world: World) -> None:
    token = await world.token(login="fleet-bot", kind="fine-grained", permissions={"issues": "write"})
    with pytest.raises(Rejected) as caught:
        await world.github(token).perform(CreateClaim(claim()))
    assert caught.value.reason is Reason.FORBIDDEN


async def test_an_empty_repository_cannot_hold_claims_and_says_so(world: World) -> None:
    await world.fault("STA-02")
    for call in (CreateClaim(claim()), ReadClaim(SHOP, ROOT)):
        with pytest.raises(Rejected, match="empty") as caught:
            await world.github().perform(call)
        assert caught.value.reason is Reason.CLAIM_REFUSED


async def test_a_root_that_is_no_ref_name_is_refused_and_not_taken_for_taken(world: World) -> None:
    bad = msgspec.structs.replace(claim(), root="a..b")
    with pytest.raises(Rejected) as caught:
        await world.github().perform(CreateClaim(bad))
    assert caught.value.reason is Reason.CLAIM_REFUSED


@pytest.mark.parametrize("what", ["archived", "public", "issues off", "missing", "revoked"])
async def test_where_may_not_be_written_nothing_is(world: World, what: str) -> None:
    expected = {
        "archived": Reason.FORBIDDEN,
        "public": Reason.REPOSITORY_PUBLIC,
        "issues off": Reason.ISSUES_OFF,
        "missing": Reason.REPOSITORY_MISSING,
        "revoked": Reason.BAD_CREDENTIALS,
    }
    changes = {"archived": {"archived": True}, "public": {"private": False}, "issues off": {"has_issues": False}}
    if what in changes:
        await world.control("PATCH", f"/repositories/{SHOP}", **changes[what])
    token = "ghp_" + "x" * 36 if what == "revoked" else None
    wanted = msgspec.structs.replace(claim(), repository="acme/other") if what == "missing" else claim()
    with pytest.raises(Failure) as caught:
        await world.github(token).perform(CreateClaim(wanted))
    assert caught.value.reason is expected[what]
    assert await world.asked("POST") == []


async def test_where_writing_is_allowed_again_it_is_soon_noticed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    github = world.github()
    await world.control("PATCH", f"/repositories/{SHOP}", archived=True)
    with pytest.raises(Rejected):
        await github.perform(CreateClaim(claim()))
    await world.control("PATCH", f"/repositories/{SHOP}", archived=False)
    monkeypatch.setattr("node.github.repository.REFUSAL_AGE", 0.0)
    assert await github.perform(CreateClaim(claim())) is not None


async def test_a_public_repository_that_is_allowed_by_name_is_written_to(world: World) -> None:
    await world.control("PATCH", f"/repositories/{SHOP}", private=False)
    assert await world.github(allowed=frozenset({"Acme/Shop"})).perform(CreateClaim(claim())) is not None


async def test_a_renamed_repository_keeps_its_claims(world: World) -> None:
    await created(world)
    github = world.github()
    assert await github.perform(ReadClaim(SHOP, ROOT)) is not None
    await world.fault("STA-03")
    with pytest.raises(NotSent):
        await github.perform(ReadClaim(SHOP, ROOT))
    assert await github.perform(ReadClaim(SHOP, ROOT)) is not None
    assert await github.perform(CreateClaim(claim("two"))) is None


def headers(world: World) -> dict[str, str]:
    return {"Authorization": f"Bearer {world.standin.token}", "User-Agent": "test"}


async def remove(world: World) -> None:
    url = f"{world.standin.url}/repos/{SHOP}/git/{ref(ROOT)}"
    (await world.http.delete(url, headers=headers(world))).raise_for_status()
