"""A person's report about the same error is adopted; whatever only resembles it is not."""

import msgspec
import pytest

from aggregator.filing.calls import AddComment, Hint, NotSent
from aggregator.filing.marker import has_event
from aggregator.reason import Reason
from aggregator.record import ErrorRecord, ExceptionInfo, Frame
from tests.pure.desk import Desk, Event, Killed, github
from tests.pure.factories import name
from tests.simulation.checks import KEY

SAMPLE = ErrorRecord(
    type="OrderError",
    message="order 77 of 'alice' has no owner",
    exceptions=[
        ExceptionInfo(
            "OrderError",
            "shop.errors",
            frames=[
                Frame("main", "shop.cli", "shop/cli.py", 10, True),
                Frame("load_order", "shop.orders", "shop/orders.py", 20, True),
                Frame("get", "lib.cache", "site-packages/lib/cache.py", 5, False),
            ],
        )
    ],
)
TITLE = "OrderError in production"
SAME = [
    "OrderError: order 12 of 'bob' has no owner",
    "It says\n\n> shop.errors.OrderError: order 5 of 'carol' has no owner\n\nsince Monday.",
    "We see `order 99 of 'dave' has no owner` often.",
    "raised in shop.orders, function load_order",
    'File "shop/orders.py", line 3, in load_order',
]
OTHER = [
    "it crashes",
    "OrderError: order 12 of 'bob' has no address",
    "OrderError: order 12 of 'bob' has no owner yet, which is fine",
    "raised in load_order",
    "raised in shop.orders",
    "raised in shop.orders.archive, function load_order",
    "raised in lib.cache, function get",
]


def desk_with(body: str, title: str = TITLE, author: str = "maintainer") -> Desk:
    desk = Desk(github())
    desk.sample = SAMPLE
    desk.github.report_by_hand(title, body, author)
    desk.see(count=7)
    return desk


def is_adopted(desk: Desk) -> bool:
    """Whether issue 1 was taken for the error; otherwise there must be an issue of ours."""
    reason = desk.file().reason
    assert reason in (Reason.ADOPTED, Reason.CREATED)
    assert len(desk.github.issues) == (1 if reason is Reason.ADOPTED else 2)
    return reason is Reason.ADOPTED


@pytest.mark.parametrize("body", SAME)
def test_a_report_about_the_same_error_gets_the_number_into_claim_and_book_and_one_comment(body: str) -> None:
    desk = desk_with(body)
    assert is_adopted(desk)
    head = desk.github.refs[name(1)][-1]
    assert (head.state, head.number, head.adopted, desk.issue_of()) == ("filed", 1, True, 1)
    said = desk.github.issues[1].comments
    assert [has_event(KEY, each.body, f"adopted-{name(1)}") for each in said] == [True]
    assert "Occurrences: 7" in said[0].body
    desk.world.now += 4000
    desk.see(count=1000)
    assert desk.file().reason is Reason.UP_TO_DATE
    assert len(desk.github.issues[1].comments) == 1
    assert desk.github.issues[1].issue.body == body


def test_a_record_without_a_stack_recognises_a_report_by_type_and_message() -> None:
    desk = desk_with(SAME[0])
    desk.sample = msgspec.structs.replace(SAMPLE, exceptions=[])
    assert is_adopted(desk)


def test_a_record_without_type_and_stack_adopts_nothing() -> None:
    desk = desk_with("Error: " + SAMPLE.message, "Error")
    desk.sample = msgspec.structs.replace(SAMPLE, type="", exceptions=[])
    assert not is_adopted(desk)


@pytest.mark.parametrize("body", OTHER)
def test_a_report_about_another_error_of_the_same_type_is_not_adopted(body: str) -> None:
    assert not is_adopted(desk_with(body))


@pytest.mark.parametrize("title", ["OrderErrors", "MyOrderError", "other.errors.OrderError: so", "order error"])
def test_a_report_that_names_another_type_is_not_adopted(title: str) -> None:
    desk = desk_with("order 12 of 'bob' has no owner", title)
    desk.github.report_by_hand("OrderError", "about something else", "maintainer")
    assert desk.file().reason is Reason.CREATED


def test_a_report_by_somebody_without_triage_rights_is_not_adopted() -> None:
    assert not is_adopted(desk_with(SAME[0], author="passer-by"))


def test_a_report_by_somebody_who_may_only_triage_is_adopted() -> None:
    desk = desk_with(SAME[0], author="helper")
    desk.github.triagers.add("helper")
    assert is_adopted(desk)


def test_a_closed_report_is_not_adopted() -> None:
    desk = desk_with(SAME[0])
    desk.github.close(1, "completed")
    assert not is_adopted(desk)


@pytest.mark.parametrize("how", ["deleted", "hidden", "moved"])
def test_a_hit_that_is_gone_is_not_adopted_and_holds_up_nothing(how: str) -> None:
    desk = desk_with(SAME[0])
    if how == "moved":
        stored = desk.github.issues[1]
        stored.issue = msgspec.structs.replace(stored.issue, repository="acme/other")
    else:
        setattr(desk.github.issues[1], how, True)
    assert not is_adopted(desk)


def test_a_pull_request_about_the_error_is_not_adopted() -> None:
    """It is answered as an issue without a body."""
    assert not is_adopted(desk_with("", title="OrderError: order 12 of 'bob' has no owner"))


@pytest.mark.parametrize("message", ["failed", "77", "\n" * 20, "", "order 77\nhas no owner\nin the database"])
def test_a_message_that_says_too_little_is_not_gone_by(message: str) -> None:
    desk = desk_with(f"OrderError: {message}\nOrderError\n77\n")
    desk.sample = msgspec.structs.replace(SAMPLE, message=message)
    assert not is_adopted(desk)


def test_without_a_sample_nothing_is_adopted() -> None:
    desk = desk_with(SAME[0])
    desk.sample = None
    assert not is_adopted(desk)


def test_a_search_that_fails_only_means_that_nothing_was_found() -> None:
    desk = desk_with(SAME[0])

    def no_search(event: Event) -> None:
        if not event.after and isinstance(event.call, Hint):
            event.lost = "answer"

    assert desk.file(script=no_search).reason is Reason.CREATED


def test_the_answer_of_the_comment_is_lost_and_it_is_not_made_twice() -> None:
    desk = desk_with(SAME[0])

    def lost(event: Event) -> None:
        if not event.after and isinstance(event.call, AddComment):
            event.lost = "answer"

    assert desk.file(script=lost).state == "waiting"
    desk.settle()
    assert desk.issue_of() == 1
    assert len(desk.github.issues[1].comments) == 1


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("index", range(1, 16))
def test_an_adoption_that_is_killed_at_any_call_is_carried_through_once(index: int, after: bool) -> None:
    desk = desk_with(SAME[0])

    def killed(event: Event) -> None:
        if (event.index, event.after) == (index, after):
            raise Killed

    try:
        desk.tick(killed)
    except Killed:
        desk = desk.restarted()
    desk.see(count=1)
    desk.settle()
    assert desk.issue_of() == 1
    assert len(desk.github.issues) == 1
    assert len(desk.github.issues[1].comments) == 1


def test_an_adopted_issue_that_was_fixed_is_reopened_with_its_words_untouched_up_to_the_flap_limit() -> None:
    desk = desk_with(SAME[0])
    desk.settings = msgspec.structs.replace(desk.settings, flap_limit=2)
    assert is_adopted(desk)
    reasons: list[Reason] = []
    for _ in range(3):
        desk.github.close(1, "completed")
        desk.world.now += 1000
        desk.see(count=1)
        reasons.append(desk.file().reason)
    assert reasons == [Reason.REOPENED, Reason.REOPENED, Reason.FLAPPING]
    assert desk.github.issues[1].issue.body == SAME[0]


def test_who_adopts_while_another_creates_closes_the_issue_that_is_ours() -> None:
    alice = desk_with(SAME[0])
    bob = Desk(alice.github, "bob")
    bob.see()

    def meanwhile(event: Event) -> None:
        if isinstance(event.call, Hint) and event.after:
            assert bob.file().reason is Reason.CREATED

    assert alice.file(script=meanwhile).reason is Reason.ADOPTED
    assert [i.number for i in alice.github.open_issues()] == [1]
    assert alice.github.issues[2].duplicate_of == 1
    bob.see()
    bob.settle()
    assert [i.number for i in alice.github.open_issues()] == [1]
    assert len(alice.github.issues[1].comments) == 1


def test_a_refusal_of_everything_is_not_taken_for_an_answer() -> None:
    desk = desk_with(SAME[0])

    def away(event: Event) -> None:
        if isinstance(event.call, Hint) and event.after:
            desk.github.trouble = NotSent(Reason.RATE_LIMITED, "wait", 60.0)

    assert desk.file(script=away).reason is Reason.RATE_LIMITED
    desk.github.trouble = None
    assert is_adopted(desk)
