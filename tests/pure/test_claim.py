"""What stands in a claim and in a marker is read back as it was written; nobody else can write it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.filing.claim import Claim, State, read_claim
from aggregator.filing.marker import event_marker, events_in, has_event, has_marker, issue_marker, read_issue_marker
from tests.pure.factories import name
from tests.pure.strategies import hostile

KEY = b"k" * 32
states: st.SearchStrategy[State] = st.sampled_from(["creating", "released"])
texts = st.text(st.characters(codec="utf-8"), max_size=20)
claims = st.builds(
    Claim,
    repository=texts,
    root=texts,
    nonce=texts.filter(bool),
    node=texts,
    login=texts,
    attempt=st.integers(1, 99),
    state=states,
    floor=st.integers(0, 10**9),
    at=st.floats(0, 1e12),
    generation=st.integers(0, 99),
    sha=st.just("abc"),
)


@given(claims)
def test_a_claim_is_read_back_as_it_was_written(claim: Claim) -> None:
    assert read_claim(claim.message(), "abc") == claim
    assert read_claim(f"\n{claim.message()}\n", "abc") == claim


@given(claims)
def test_the_message_says_nothing_of_where_it_stands(claim: Claim) -> None:
    moved = claim.next(nonce=claim.nonce, node=claim.node, login=claim.login, at=claim.at)
    assert moved.parent == claim.sha
    assert read_claim(moved.message(), "def").__class__ is Claim
    assert "abc" not in json.loads(moved.message()).values() or "abc" in (claim.root, claim.node, claim.login)


@given(claims, st.integers(1, 10**9), st.booleans())
def test_a_filed_claim_keeps_its_number(claim: Claim, number: int, adopted: bool) -> None:
    filed = claim.filed(number, claim.at, adopted=adopted)
    read = read_claim(filed.message(), "def")
    assert read is not None
    assert (read.state, read.number, read.adopted, read.floor) == ("filed", number, adopted, claim.floor)
    following = read.next(nonce="n", node="bob", login="bot", at=1.0)
    assert (following.attempt, following.number, following.state) == (claim.attempt + 1, 0, "creating")


def changed(**fields: object) -> str:
    base = Claim(
        repository="acme/app",
        root=name(1),
        nonce="n",
        node="alice",
        login="bot",
        attempt=1,
        state="creating",
        floor=0,
        at=1.0,
    )
    return json.dumps(json.loads(base.message()) | fields)


@pytest.mark.parametrize(
    "message",
    [
        "",
        "Merge branch main",
        "[]",
        "{}",
        "{" * 5000,
        "\ud800",
        changed(attempt=0),
        changed(floor=-1),
        changed(generation=-1),
        changed(state="done"),
        changed(state="filed"),
        changed(number=5),
        changed(nonce=""),
    ],
)
def test_what_is_no_claim_of_ours_is_not_read_as_one(message: str) -> None:
    assert read_claim(message, "abc") is None


def test_a_later_version_may_say_more() -> None:
    assert read_claim(changed(version=2, novelty=[1, 2]), "abc") is not None


@given(st.integers(0, 99), hostile, hostile)
def test_a_marker_is_found_among_whatever_humans_write(generation: int, before: str, after: str) -> None:
    body = f"{before}\n{issue_marker(KEY, 'Acme/App', name(1), generation)}\n{after}"
    assert read_issue_marker(KEY, body) == (name(1), generation)


@given(hostile)
def test_no_text_is_a_marker_without_the_key(text: str) -> None:
    assert read_issue_marker(KEY, text) is None
    assert events_in(KEY, text) == set()


MARKER = issue_marker(KEY, "acme/app", name(1), 0)


@pytest.mark.parametrize(
    "forged",
    [
        issue_marker(b"x" * 32, "acme/app", name(1), 0),
        MARKER.replace(name(1), name(2)),
        MARKER.replace("generation=0", "generation=1"),
        MARKER.replace("acme/app", "acme/other"),
        MARKER[:-8] + "0 -->",
        event_marker(KEY, "e"),
    ],
)
def test_a_marker_that_was_made_up_or_changed_is_none(forged: str) -> None:
    assert read_issue_marker(KEY, forged) is None
    assert read_issue_marker(KEY, f"{forged}\n{MARKER}") == (name(1), 0)


def test_a_marker_survives_another_spelling_of_the_repository() -> None:
    assert read_issue_marker(KEY, MARKER.replace("acme/app", "Acme/APP")) == (name(1), 0)


def test_another_fleets_marker_is_seen_as_one() -> None:
    assert has_marker(issue_marker(b"x" * 32, "acme/app", name(1), 0))
    assert not has_marker("just words")


def test_an_event_is_known_by_its_own_marker_only() -> None:
    body = f"words\n{event_marker(KEY, 'recurred-1')}\n{event_marker(b'x', 'recurred-2')}"
    assert has_event(KEY, body, "recurred-1")
    assert not has_event(KEY, body, "recurred-2")
    assert not has_event(KEY, body.replace("recurred-1", "recurred-3"), "recurred-3")
