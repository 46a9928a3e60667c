"""What is told to an operator: which news, once each, and by which node."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.agenda import Knowledge
from aggregator.author import OVERFLOW
from aggregator.book import Book
from aggregator.filing.case import Outcome
from aggregator.history import History
from aggregator.ledger import Ledger
from aggregator.message import Presence
from aggregator.notification import voice
from aggregator.notification.compose import of_newcomer, of_news
from aggregator.notification.event import KINDS, Event, notification
from aggregator.notification.latch import DAY, QUIET, Key, Latch
from aggregator.notification.newcomers import FRESH, Newcomer, Newcomers
from aggregator.notification.outcomes import AGREEING, AWAY, DONE, TROUBLE, News, Outcomes
from aggregator.notification.waiting import ROOM, Waiting
from aggregator.page import Origin, Page, PageKey, write_body
from aggregator.reason import Reason
from aggregator.tally import Tally
from tests.pure.factories import ALICE, BOB, name, tally

NOW = 1_800_000_000.0
WINDOW = 900
PLACE = "acme/shop"
SECRET = "ghp_" + "a1B2" * 9


def came(reason: Reason, number: int = 1, state: str = "waiting", place: str = PLACE, issue: int = 0) -> Outcome:
    return Outcome(name(number), place, state, reason, issue)


def kinds(news: list[News]) -> list[str]:
    return [each.kind for each in news]


def ripe(outcomes: Outcomes, now: float) -> list[str]:
    """The reasons of what is told now."""
    told = outcomes.ripe(now)
    for key, _ in told:
        outcomes.told(key, now)
    return [key.reason for key, _ in told]


# What filing came to.


def test_an_issue_that_was_created_or_reopened_is_told_at_that_moment() -> None:
    outcomes = Outcomes(Latch())
    told = outcomes.take([came(Reason.CREATED, 1, "filed", issue=7), came(Reason.REOPENED, 2, "filed")], NOW)
    assert kinds(told) == ["filed", "regression"]
    assert outcomes.take([came(Reason.UP_TO_DATE, 1, "filed"), came(Reason.NOT_ELECTED, 3)], NOW) == []
    assert outcomes.ripe(NOW + DAY) == []


def test_an_issue_whose_creation_had_no_answer_is_told_when_it_is_found() -> None:
    outcomes = Outcomes(Latch())
    assert outcomes.take([came(Reason.FOUND, 2, "filed")], NOW) == []
    assert outcomes.take([came(Reason.OUTCOME_UNKNOWN)], NOW) == []
    assert kinds(outcomes.take([came(Reason.FOUND, 1, "filed")], NOW)) == ["filed"]
    assert outcomes.take([came(Reason.FOUND, 1, "filed")], NOW) == []


def test_trouble_is_told_once_for_a_repository_with_the_number_of_errors_that_wait() -> None:
    outcomes = Outcomes(Latch())
    outcomes.take([came(Reason.BAD_CREDENTIALS, each) for each in range(3)], NOW)
    ((_, news),) = outcomes.ripe(NOW + AGREEING)
    assert (news.kind, news.roots) == ("failure", 3)
    assert ripe(outcomes, NOW + AGREEING) == ["BAD_CREDENTIALS"]
    outcomes.take([came(Reason.BAD_CREDENTIALS)], NOW + 900)
    assert ripe(outcomes, NOW + 900) == []


def test_trouble_that_lasts_is_told_again_after_a_day() -> None:
    outcomes = Outcomes(Latch())
    outcomes.take([came(Reason.CAP_REACHED)], NOW)
    assert ripe(outcomes, NOW) == ["CAP_REACHED"]
    assert ripe(outcomes, NOW + DAY - 1) == []
    assert ripe(outcomes, NOW + DAY) == ["CAP_REACHED"]


def test_trouble_that_ended_and_comes_back_is_told_again_but_not_at_once() -> None:
    outcomes = Outcomes(Latch())
    outcomes.take([came(Reason.CAP_REACHED)], NOW)
    ripe(outcomes, NOW)
    outcomes.take([came(Reason.CREATED, state="filed")], NOW + 60)
    outcomes.take([came(Reason.CAP_REACHED)], NOW + 120)
    assert ripe(outcomes, NOW + 120) == []
    assert ripe(outcomes, NOW + 60 + QUIET) == ["CAP_REACHED"]


def test_trouble_elsewhere_neither_begins_nor_ends_it() -> None:
    outcomes = Outcomes(Latch())
    outcomes.take([came(Reason.CAP_REACHED)], NOW)
    outcomes.take([came(Reason.CREATED, 1, "filed", place="acme/other")], NOW)
    assert ripe(outcomes, NOW) == ["CAP_REACHED"]


def test_github_that_does_not_answer_for_a_moment_is_no_news() -> None:
    outcomes = Outcomes(Latch())
    outcomes.take([came(Reason.GITHUB_AWAY)], NOW)
    assert ripe(outcomes, NOW + AWAY - 1) == []
    outcomes.take([came(Reason.CREATED, state="filed")], NOW + AWAY - 1)
    assert ripe(outcomes, NOW + AWAY) == []


def test_what_is_left_to_a_human_is_told_of_each_error() -> None:
    outcomes = Outcomes(Latch())
    outcomes.take([came(Reason.FLAPPING, each, "filed", issue=each) for each in (1, 2)], NOW)
    assert [(key.root, news.kind) for key, news in outcomes.ripe(NOW)] == [(name(1), "human"), (name(2), "human")]


def test_a_restart_tells_nothing_twice() -> None:
    latch = Latch()
    before = Outcomes(latch)
    before.take([came(Reason.CAP_REACHED), came(Reason.FLAPPING, 2, "filed")], NOW)
    assert len(ripe(before, NOW)) == 2
    kept = latch.keep(NOW)
    again = Latch()
    again.restore(kept)
    after = Outcomes(again)
    after.take([came(Reason.CAP_REACHED), came(Reason.FLAPPING, 2, "filed")], NOW + 5)
    assert ripe(after, NOW + 5) == []


def test_every_reason_that_is_told_has_a_kind_that_can_be_chosen() -> None:
    assert {*DONE.values(), *(each.kind for each in TROUBLE.values())} <= set(KINDS)
    assert not DONE.keys() & TROUBLE.keys()


@given(st.lists(st.integers(0, 30), max_size=40), st.integers(1, 10))
def test_a_latch_that_was_kept_and_restored_is_silent_about_the_same(times: list[int], ahead: int) -> None:
    latch = Latch()
    for number, time in enumerate(times):
        latch.told(Key(PLACE, name(number), "R"), NOW, float(time))
    silent = [latch.silent(key, NOW + ahead) for key in (Key(PLACE, name(n), "R") for n in range(len(times)))]
    again = Latch()
    again.restore(latch.keep(NOW))
    assert [again.silent(Key(PLACE, name(n), "R"), NOW + ahead) for n in range(len(times))] == silent


# New errors.


def knowledge() -> Knowledge:
    return Knowledge(Ledger(), History(), Book())


def saw(known: Knowledge, *tallies: Tally, origin: Origin = ALICE, window: float = NOW) -> None:
    key = PageKey(origin, int(window // WINDOW) * WINDOW, sum(1 for _ in known.ledger.pages()))
    known.ledger.put(Page(key, 1, write_body(list(tallies))), list(tallies))


def test_an_error_is_new_once_and_what_was_known_before_is_not() -> None:
    known = knowledge()
    saw(known, tally(1))
    new = Newcomers(known, WINDOW, ALICE)
    assert new.take(NOW, settled=True) == []
    saw(known, tally(2))
    assert [each.root for each in new.take(NOW, settled=True)] == [name(2)]
    saw(known, tally(2), origin=BOB)
    assert new.take(NOW, settled=True) == []


def test_what_others_had_before_is_no_news_to_a_node_that_settles_in() -> None:
    known = knowledge()
    new = Newcomers(known, WINDOW, ALICE)
    assert new.take(NOW, settled=False) == []
    saw(known, tally(1, first=NOW - 1), origin=BOB)
    saw(known, tally(2, first=NOW - 1), origin=BOB)
    saw(known, tally(2, first=NOW + 3))  # it occurs here, too
    saw(known, tally(3, first=NOW - 9), origin=Origin(ALICE.peer, "run before"))
    assert new.take(NOW + 4, settled=False) == []
    saw(known, tally(4, first=NOW - 1), origin=BOB)  # with this one it has settled
    assert new.take(NOW + 60, settled=True) == []
    saw(known, tally(5, first=NOW - 1), origin=BOB)  # from here on all is as it comes
    assert [each.root for each in new.take(NOW + 62, settled=True)] == [name(5)]


def test_what_occurs_first_while_a_node_settles_is_told_when_it_has_settled_and_once() -> None:
    known = knowledge()
    saw(known, tally(1))
    new = Newcomers(known, WINDOW, ALICE)
    assert new.take(NOW, settled=False) == []
    saw(known, tally(1), tally(2, first=NOW + 1), tally(4, first=NOW - 300))  # the last waited in a spool
    saw(known, tally(3, first=NOW + 1), origin=BOB)
    assert new.take(NOW + 4, settled=False) == []
    assert [each.root for each in new.take(NOW + 60, settled=True)] == [name(2), name(3), name(4)]
    assert new.take(NOW + 62, settled=True) == []


def test_what_came_while_nobody_was_to_be_told_is_not_told_later() -> None:
    known = knowledge()
    new = Newcomers(known, WINDOW, ALICE)
    new.take(NOW, settled=False)
    saw(known, tally(1, first=NOW + 1))
    new.take(NOW + 2, settled=False)
    new.forget()
    new.take(NOW + 4, settled=True)
    assert new.take(NOW + 6, settled=True) == []


def test_what_was_counted_long_before_a_partition_ended_is_no_news() -> None:
    known = knowledge()
    new = Newcomers(known, WINDOW, ALICE)
    new.take(NOW, settled=True)
    saw(known, tally(1), window=NOW - WINDOW - FRESH - WINDOW)
    assert new.take(NOW, settled=True) == []


def test_an_error_that_the_history_knows_is_not_new() -> None:
    known = knowledge()
    new = Newcomers(known, WINDOW, ALICE)
    saw(known, tally(1))
    new.take(NOW, settled=True)
    known.history.fold(known.ledger.expire(int(NOW) + WINDOW))
    known.ledger.horizon = 0
    new.forget()
    new.take(NOW, settled=True)
    saw(known, tally(1))
    assert new.take(NOW, settled=True) == []


def test_a_full_page_is_told_as_a_limit() -> None:
    known = knowledge()
    new = Newcomers(known, WINDOW, ALICE)
    new.take(NOW, settled=True)
    saw(known, tally(1, root=OVERFLOW + "shop"))
    (found,) = new.take(NOW, settled=True)
    assert found.kind == "breaker"
    assert "only counted" in of_newcomer(found, known, "", NOW).text


# Who tells.


def presence(**changes: object) -> Presence:
    return Presence(**{"run": "r", "at": 1.0, "version": "1", "tells": True, **changes})  # pyright: ignore[reportArgumentType]  # the test's own values


@given(st.sets(st.text(string.ascii_lowercase, min_size=1), min_size=1, max_size=8), st.booleans())
def test_of_a_new_error_one_node_tells_and_only_one(peers: set[str], routed: bool) -> None:
    repository, origins = (PLACE, []) if routed else ("", sorted(peers)[:2])
    telling = [p for p in peers if voice.speaks_of_new(p, name(1), repository, origins, peers - {p})]
    assert len(telling) == 1
    assert routed or telling[0] in origins


def test_without_a_repository_and_where_no_origin_tells_another_node_does() -> None:
    peers = {"alice", "bob"}
    assert sum(voice.speaks_of_new(p, name(1), "", ["carol"], peers - {p}) for p in peers) == 1


def test_of_a_token_that_all_share_the_first_of_those_that_suffer_tells() -> None:
    everybody = {peer: presence(refused={"Acme/Shop": "BAD_CREDENTIALS"}) for peer in ("alice", "bob", "carol")}
    telling = [
        me
        for me in everybody
        if voice.speaks_of_trouble(
            me, PLACE, "BAD_CREDENTIALS", [], {p: said for p, said in everybody.items() if p != me}
        )
    ]
    assert len(telling) == 1


def test_of_a_cap_that_several_ranks_meet_the_first_candidate_that_tells_does() -> None:
    candidates = ["alice", "bob", "carol"]
    presences = {peer: presence(candidate=[PLACE]) for peer in ("bob", "carol")}  # alice tells nothing
    telling = [
        me
        for me in presences
        if voice.speaks_of_trouble(
            me, PLACE, "CAP_REACHED", candidates, {p: presences[p] for p in presences if p != me}
        )
    ]
    assert len(telling) == 1


def test_a_node_whose_own_token_is_refused_tells_though_others_file() -> None:
    others = {"bob": presence(candidate=[PLACE])}
    assert voice.speaks_of_trouble("alice", PLACE, "BAD_CREDENTIALS", ["bob"], others)


def test_that_a_node_has_no_token_matters_only_where_no_other_files() -> None:
    assert not voice.speaks_of_trouble("alice", PLACE, "NO_TOKEN", ["bob"], {})
    assert voice.speaks_of_trouble("alice", PLACE, "NO_TOKEN", [], {"bob": presence()})


# What waits, and what is said.


def event(kind: str = "filed", text: str = "x") -> Event:
    return Event(kind=kind, at="", text=text)


def test_a_storm_of_new_errors_gives_way_and_is_counted() -> None:
    waiting = Waiting()
    for each in range(ROOM + 30):
        waiting.put(event("first", str(each)))
    assert waiting.put(event("failure"))
    events, omitted = waiting.take()
    assert (len(events), omitted, events[-1].kind) == (ROOM, 31, "failure")
    assert waiting.dropped == 31
    assert waiting.take() == ([], 0)
    note = notification(events, omitted, "alice", "", "")
    assert note.text.endswith("and 31 more that found no room: see `aggregator errors`")


def test_a_queue_full_of_what_matters_takes_no_more() -> None:
    waiting = Waiting()
    for _ in range(ROOM):
        assert waiting.put(event())
    assert not waiting.put(event("failure"))
    assert waiting.take()[1] == 1


@pytest.mark.parametrize(
    "title",
    [
        f"ValueError: token {SECRET}",
        "x <!channel> <@U123> @everyone",
        "see https://evil.example/login #1 closes acme/shop#2",
        "a\nb\r\x1b[31m\u202e",
    ],
)
def test_an_errors_words_are_redacted_and_do_nothing(title: str) -> None:
    known = knowledge()
    saw(known, tally(1, title=title, services={f"shop {SECRET}": 1}))
    told = of_newcomer(Newcomer("first", name(1), frozenset({"alice"})), known, PLACE, NOW)
    said = f"{told.text} {told.title} {told.services}"
    assert SECRET not in said
    for live in ("<!", "<@", "@e", "://", "#1", "p#2", "\n", "\r", "\x1b", "\u202e"):
        assert live not in said
    assert told.root == name(1)


def test_an_event_says_in_one_line_what_where_and_how_often() -> None:
    known = knowledge()
    saw(known, tally(1, 5, severity=2, services={"shop": 4, "web": 1}))
    news = News("filed", came(Reason.CREATED, state="filed", issue=7))
    told = of_news(news, known, NOW, lambda place, number: f"https://github.com/{place}/issues/{number}")
    assert told.text == (
        "an issue was created: ValueError: number 1 (high, 5 times, shop, web): https://github.com/acme/shop/issues/7"
    )
    trouble = News("failure", came(Reason.FORBIDDEN)._replace(text=f"no {SECRET} @you"), 3)
    told = of_news(trouble, known, NOW, lambda _place, _number: "")
    assert told.text.startswith("the token may not do this (no ")
    assert told.text.endswith("; 3 errors wait; see `aggregator doctor`: acme/shop")
    assert SECRET not in told.text
    assert "@you" not in told.text
