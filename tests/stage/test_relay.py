"""What a node shows of counts that others keep: a keeper's words, or the next one's, or its own, and says so."""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from aggregator.arrivals import Terms
from aggregator.book import Book
from aggregator.due import Policy
from aggregator.fleet import Fleet
from aggregator.keepers import KIND, SUBJECT, keepers
from aggregator.ledger import Ledger
from aggregator.page import Origin
from aggregator.question import ROWS_BYTES, About, Answered, Question, answered
from node import relay
from node.clock import SystemClock
from node.control import answers, kept
from node.relay import Relay
from tests.pure.factories import name, tally
from tests.pure.test_fleet import FLEET, LENGTH, member, roster, signer, verify_peer
from tests.stage.run_cli import Home
from tests.stage.test_control import serving
from tests.stage.view import REPOSITORY, FakeView, some_view

PEERS = [f"peer {number}" for number in range(20)]
ORDER = keepers(REPOSITORY, PEERS, [])
OUTSIDER = next(peer for peer in PEERS if peer not in ORDER)
ERRORS = Question("errors", REPOSITORY)
Answer = Callable[[bytes], bytes]


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "DEADLINE", 0.05)


def relay_of(me: str, linked: Iterable[str], others: dict[str, Answer]) -> Relay:
    """The relay of one of a spread fleet of `PEERS`; who is linked and not among `others` does not answer."""
    book = Book()
    book.put_ruling(book.rule(KIND, SUBJECT, True, PEERS[0]))
    terms, known = Terms(FLEET, LENGTH, verify_peer), roster(*map(member, PEERS))
    policy = Policy(repository=REPOSITORY)
    fleet = Fleet(Origin(me, "r" * 16), terms, known, Ledger(), book, signer(b"me"), lambda: policy)
    fleet.keeping.look(PEERS, {}, -1000.0)

    async def ask(peer: str, _protocol: str, payload: bytes, _deadline: float) -> bytes:
        if peer not in others:
            raise OSError("no answer")
        return others[peer](payload)

    return Relay(fleet, ask, lambda _peers: None, lambda: list(linked), list, SystemClock())


def view_of(directory: Path, me: Relay | None, count: int) -> FakeView:
    """A node that has seen error 2 so often."""
    directory.mkdir(exist_ok=True)
    view = some_view(directory)
    made = FakeView(view.loaded, keepers=me)
    made.saw(tally(2, count, severity=2))
    return made


async def test_a_node_that_keeps_no_counts_shows_those_of_the_first_keeper(tmp_path: Path) -> None:
    keeper = view_of(tmp_path / "keeper", None, 500)
    data = msgspec.msgpack.encode(answered(await kept.said(keeper, ERRORS)))
    me = relay_of(OUTSIDER, ORDER, {ORDER[0]: lambda _: data})
    view = view_of(tmp_path / "me", me, 5)
    view.saw(tally(7, 1), number=1)  # so new that the keeper does not know it
    told = await kept.errors(view)
    assert {(row.signature, row.count, row.kept_by) for row in told.rows} == {
        (name(2), 500, ORDER[0]),
        (name(7), 1, ""),
    }
    assert told.notes == [f"{REPOSITORY}: kept by {ORDER[0]}"]


def nonsense(_request: bytes) -> bytes:
    return msgspec.msgpack.encode(Answered(True, [msgspec.Raw(msgspec.msgpack.encode({"signature": 3}))]))


def no_keeper(_request: bytes) -> bytes:
    return msgspec.msgpack.encode(Answered(keeps=False))


async def test_who_is_silent_or_says_nonsense_or_is_no_keeper_is_followed_by_the_next(tmp_path: Path) -> None:
    data = msgspec.msgpack.encode(answered(await kept.said(view_of(tmp_path / "keeper", None, 500), ERRORS)))
    others: dict[str, Answer] = {
        ORDER[1]: nonsense,
        ORDER[2]: no_keeper,
        ORDER[3]: lambda _: b"\xc1",
        ORDER[5]: lambda _: data,
    }
    me = relay_of(OUTSIDER, ORDER[:4] + ORDER[5:], others)
    told = await kept.errors(view_of(tmp_path / "me", me, 5))
    assert [(row.count, row.kept_by) for row in told.rows] == [(500, ORDER[5])]
    assert (me.counts["asked"], me.counts["no_keeper"]) == (1, 1)
    assert me.counts["nonsense"] >= 2
    assert me.counts["unreachable"] >= 2


async def test_when_no_keeper_answers_a_node_shows_its_own_and_says_so(tmp_path: Path) -> None:
    me = relay_of(OUTSIDER, ORDER, {})
    told = await kept.errors(view_of(tmp_path / "me", me, 5))
    assert [(row.count, row.kept_by) for row in told.rows] == [(5, "")]
    assert told.notes == [f"{REPOSITORY}: no keeper answered; these are the counts of this node alone"]
    assert me.counts["unanswered"] == 2  # also of what is routed nowhere, of which nothing is here


async def test_every_list_and_every_error_is_asked_for(tmp_path: Path) -> None:
    keeper = some_view(tmp_path)
    at_keeper = relay_of(ORDER[0], PEERS, {})
    at_keeper.rows = partial(kept.said, keeper)

    async def answer(question: Question) -> bytes:
        return await at_keeper.handle(OUTSIDER, msgspec.msgpack.encode(question))

    said = {about: await answer(Question(about, REPOSITORY, name(2))) for about in get_args(About)}
    me = relay_of(OUTSIDER, ORDER, {ORDER[0]: lambda asked: said[msgspec.msgpack.decode(asked)["about"]]})
    view = FakeView(keeper.loaded, keepers=me)
    assert [row.signature for row in (await kept.errors(view)).rows] == [
        row.signature for row in answers.errors(keeper)
    ]
    assert {row.root for row in (await kept.bundles(view)).rows} == {name(2)}
    assert [(row.number, row.count, row.kept_by) for row in (await kept.issues(view)).rows] == [(12, 1000, ORDER[0])]
    shown = (await kept.detail(view, name(2))).rows[0]
    assert (shown.errors[0].count, shown.kept_by) == (5, ORDER[0])
    assert shown.records[0]["context"]["api_key"] != "sk-0123456789abcdef"


async def test_the_command_line_names_the_keeper_and_says_that_none_answered(tmp_path: Path) -> None:
    keeper, home = some_view(tmp_path), Home(tmp_path)
    said = {
        about: msgspec.msgpack.encode(answered(await kept.said(keeper, Question(about, REPOSITORY, name(2)))))
        for about in get_args(About)
    }
    others: dict[str, Answer] = {ORDER[0]: lambda asked: said[msgspec.msgpack.decode(asked)["about"]]}
    view = FakeView(keeper.loaded, keepers=relay_of(OUTSIDER, ORDER, others))
    async with serving(view, home.socket):
        ran = await home.run("errors", "--json")
        assert {row["kept_by"] for row in ran.json} == {ORDER[0]}
        assert ran.err == f"{REPOSITORY}: kept by {ORDER[0]}\n"
        others.clear()
        ran = await home.run("issues")
        assert (ran.code, ran.err) == (
            0,
            f"{REPOSITORY}: no keeper answered; these are the counts of this node alone\n",
        )


async def test_only_members_are_answered_and_only_by_keepers() -> None:
    question = msgspec.msgpack.encode(ERRORS)
    keeper, other = relay_of(ORDER[0], PEERS, {}), relay_of(OUTSIDER, PEERS, {})
    assert await keeper.handle("a stranger", question) == b""
    assert await keeper.handle(PEERS[0], b"\xc1") == b""
    assert await other.handle(PEERS[0], question) == no_keeper(b"")
    assert (keeper.counts["refused"], keeper.counts["malformed"], other.counts["not_kept"]) == (1, 1, 1)


async def test_where_everybody_keeps_all_nobody_is_asked(tmp_path: Path) -> None:
    me = relay_of(ORDER[0], PEERS, {})
    assert REPOSITORY not in me.elsewhere()
    told = await kept.errors(view_of(tmp_path, None, 5))
    assert told.notes == []


def test_an_answer_is_bounded_and_says_what_it_left_out() -> None:
    made = answered("x" * 100_000 for _ in range(20))
    assert len(msgspec.msgpack.encode(made)) < ROWS_BYTES + 1000
    assert len(made.rows) + made.left_out == 20
    assert made.left_out
