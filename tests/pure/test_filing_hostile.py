"""A member, or a bug of another node, puts a wrong number into the book: nothing due is hidden behind it."""

import msgspec
import pytest

from aggregator import book as books
from aggregator.book import Fact, FactKey, Standing
from aggregator.filing.calls import CreateIssue
from aggregator.filing.listing import read_found
from aggregator.reason import Reason
from aggregator.rulings import edge
from tests.pure.desk import Desk, Event, github
from tests.pure.factories import name
from tests.pure.test_filing_adopt import SAME, desk_with, is_adopted

GAP = 120.0  # seconds between two looks before a root is filed anew


def told(desk: Desk, number: int, of: int = 1) -> None:
    """Somebody says that error `of` is filed as issue `number`."""
    desk.known.book.put_fact(FactKey(desk.github.repository, name(of)), Fact(Standing.FILED, 1.0, number))
    desk.known.book.look_at(name(of))


def ours(desk: Desk) -> list[int]:
    return sorted(issue.number for issue in desk.github.open_issues() if read_found(desk.settings, issue))


def without_label(desk: Desk, number: int) -> None:
    stored = desk.github.stored(desk.github.repository, number)
    assert stored is not None
    stored.issue = msgspec.structs.replace(stored.issue, labels=())


def two_that_are_one(reason: str) -> Desk:
    """#1 is open and lost its label; #2 was closed; then an operator says that they are one bug, which occurs."""
    desk = Desk(github())
    for number in (1, 2):
        desk.see(number)
        desk.settle()
    without_label(desk, 1)
    desk.github.close(2, reason)
    desk.rule("edge", edge(name(1), name(2)), True)
    desk.world.now += 7_200
    desk.see(1, 50)
    desk.tick()
    return desk


def issues_about(desk: Desk, number: int = 1) -> list[int]:
    return [i.number for i in desk.github.open_issues() if name(number) in i.body]


@pytest.mark.parametrize("pending_before", [False, True])
def test_what_is_due_is_filed_though_the_book_names_an_issue_that_is_not_there(pending_before: bool) -> None:
    desk = Desk(github())
    if pending_before:
        desk.see()
        desk.github.faults.refused = 1.0
        desk.tick()
        desk.github.faults.refused = 0.0
    told(desk, 4711)
    if not pending_before:
        desk.see()
    began = desk.world.now
    assert desk.file().reason is Reason.UNCONFIRMED
    desk.settle()
    assert len(issues_about(desk)) == 1
    assert desk.world.now - began < GAP + 60
    assert desk.known.book.value("never", name(1)) is None


@pytest.mark.parametrize("known", [(), (1,), (2,)])
def test_what_the_book_has_no_room_to_file_anew_ends_with_that_reason(
    known: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some of two roots that are one bug were filed anew before: of these it could say so, and must not do so."""
    desk = Desk(github())
    for number in known:
        desk.rule("generation", name(number), 1)
    desk.rule("edge", " ".join((name(1), name(2))), True)
    monkeypatch.setitem(books.ROOM, "generation", len(known))
    told(desk, 4711)
    told(desk, 4711, 2)
    desk.known.book.put_fact(FactKey(desk.github.repository, name(1), 1), Fact(Standing.FILED, 1.0, 4711))
    for number in (1, 2):
        desk.see(number)
    desk.tick()
    desk.world.now += 1_000.0
    (outcome,) = desk.tick().values()
    assert (outcome.state, outcome.reason, outcome.again) == ("refused", Reason.BOOK_FULL, 0.0)
    assert desk.changed == set()
    rulings = list(desk.known.book.rulings("generation"))
    desk.see(1)
    desk.tick()
    assert list(desk.known.book.rulings("generation")) == rulings


def test_a_member_that_fills_the_book_with_rulings_hides_nothing_due_behind_a_wrong_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(books.ROOM, "generation", 16)
    desk = Desk(github())
    for number in range(30):
        desk.known.book.put_ruling(books.Ruling("generation", f"x{number}", 1, 1, "mallory"))
    told(desk, 999)
    desk.see(1, 50)
    desk.settle()
    assert issues_about(desk) == ours(desk) == [1]


def test_a_new_linked_issue_for_which_the_book_has_no_room_is_refused_and_spoken_of_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(books.ROOM, "generation", 0)
    desk = Desk(github(), regression="new-linked")
    desk.see()
    desk.settle()
    desk.github.close(1, "completed")
    for _ in range(3):
        desk.world.now += 7_200.0
        desk.see()
        outcome = desk.file()
        assert (outcome.state, outcome.reason, outcome.again) == ("refused", Reason.BOOK_FULL, 0.0)
    assert len(desk.github.issues[1].comments) == 1


def test_of_two_merged_bugs_without_labels_the_lowest_open_issue_goes_on() -> None:
    for closed, expected in (((), 2), ((2,), 3), ((2, 3), 2)):
        desk = Desk(github())
        desk.github.report_by_hand("A question", "How do I install it?", "somebody")
        for number in (2, 1):  # so the root that comes first has the higher number
            desk.see(number)
            desk.settle()
        desk.rule("edge", edge(name(1), name(2)), True)
        for number in (2, 3):
            without_label(desk, number)
        for number in closed:
            desk.github.close(number, "completed")
        told(desk, 1)
        desk.see(1, 50)
        assert desk.tick()[name(1)].number == expected


@pytest.mark.parametrize("named", [True, False])
def test_an_issue_that_was_moved_out_of_sight_is_a_word_about_that_issue_alone(named: bool) -> None:
    desk = Desk(github())
    theirs = desk.github.report_by_hand("A question", "How do I install it?", "somebody")
    desk.see(1)
    desk.settle()
    (first,) = issues_about(desk)
    gone = first if named else theirs
    desk.github.out_of_sight.add(gone)
    desk.world.now += 7_200.0
    if not named:
        told(desk, theirs)  # somebody says that it is the one
    else:
        without_label(desk, first)
    desk.see(1, 500)
    desk.see(2)
    outcomes = desk.tick()
    assert outcomes[name(2)].reason is Reason.CREATED
    assert outcomes[name(1)].reason is (Reason.TRANSFERRED if named else Reason.UPDATED)


def test_a_persons_issue_that_the_book_names_gets_no_comment_and_hides_nothing() -> None:
    desk = Desk(github())
    theirs = desk.github.report_by_hand("A question", "How do I install it?", "somebody")
    told(desk, theirs)
    desk.see()
    desk.settle()
    stored = desk.github.stored(desk.github.repository, theirs)
    assert stored is not None
    assert stored.comments == []
    assert [number for number in issues_about(desk) if number != theirs] != []


def test_another_roots_issue_is_no_issue_of_this_one() -> None:
    desk = Desk(github())
    desk.see(1)
    desk.settle()
    (first,) = issues_about(desk, 1)
    told(desk, first, of=2)
    desk.see(2)
    desk.settle()
    assert len(issues_about(desk, 2)) == 1
    assert issues_about(desk, 1) == [first]


def test_a_lower_number_does_not_hide_the_issue_that_there_is() -> None:
    desk = Desk(github())
    theirs = desk.github.report_by_hand("A question", "How do I install it?", "somebody")
    desk.see()
    desk.settle()
    (ours,) = issues_about(desk)
    assert ours > theirs
    told(desk, theirs)
    desk.world.now += 7_200.0
    desk.see(count=1_000)
    outcome = desk.file()
    assert (outcome.reason, outcome.number) == (Reason.UPDATED, ours)
    assert issues_about(desk) == [ours]


def test_what_another_node_filed_a_moment_ago_is_believed_by_its_number_though_no_list_shows_it() -> None:
    alice = Desk(github(list_lag=3600.0))
    alice.see()
    alice.tick()
    (filed,) = issues_about(alice)
    bob = Desk(alice.github, "bob")
    bob.see()
    told(bob, filed)
    assert (bob.file().number, issues_about(bob)) == (filed, [filed])


def test_a_report_that_was_adopted_stays_adopted_by_the_word_of_its_claim() -> None:
    desk = desk_with(SAME[0])
    assert is_adopted(desk)
    again = desk.restarted()
    again.see(count=5)
    outcome = again.file()
    assert (outcome.state, outcome.number) == ("filed", 1)
    assert again.known.book.value("generation", name(1)) is None


def test_who_lost_its_label_is_still_the_one_issue_of_two_bugs_that_were_merged() -> None:
    desk = two_that_are_one("completed")
    for count in (500, 0):
        desk.world.now += 7_200
        if count:
            desk.see(1, count)
        desk.tick()
    assert ours(desk) == [1]


def test_a_closed_twin_says_nothing_about_an_issue_that_is_open_and_lost_its_label() -> None:
    assert two_that_are_one("not_planned").known.book.value("never", name(1)) is None


def test_an_issue_whose_answer_was_lost_is_found_though_no_list_shows_it_and_the_book_names_another() -> None:
    desk = Desk(github())
    desk.github.drops_labels = True

    def lose(event: Event) -> None:
        if isinstance(event.call, CreateIssue) and not event.after:
            event.lost = "answer"

    desk.see()
    assert desk.file(script=lose).reason is Reason.OUTCOME_UNKNOWN
    told(desk, 4711)
    for _ in range(40):
        desk.wait()
        desk.tick()
    assert len(ours(desk)) == 1


# A member names an occurrence of a filed error under another root.


def test_another_root_that_a_member_says_of_an_error_brings_no_second_issue() -> None:
    alice = Desk(github())
    alice.see(1, 50)
    alice.settle()

    mallory = Desk(alice.github, "mallory", alice.known)
    mallory.see(1, 1, root="m1-0")
    assert alice.known.ledger.roots_with([name(1)]) == {name(1)}
    alice.tick()
    again = alice.restarted()
    again.settle()
    assert issues_about(again) == ours(again) == [1]
