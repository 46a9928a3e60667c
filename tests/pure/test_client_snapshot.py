"""What is taken in the caller: bounded, guarded, complete."""

import pytest

from aggregator import limits
from aggregator.client.snapshot import TAKEN_CHARS, Taken, message_of, take_chain


def caught(function: object, *args: object) -> BaseException:
    assert callable(function)
    try:
        function(*args)
    except BaseException as exc:
        return exc
    raise AssertionError("nothing was raised")


def fail(message: str = "boom") -> None:
    raise ValueError(message)


def links(chain: list[Taken]) -> list[tuple[str, str, int]]:
    return [(taken.type.__name__, taken.link, taken.parent) for taken in chain]


def test_frames_run_from_the_outermost_to_the_one_that_raised() -> None:
    (taken,) = take_chain(caught(fail))
    assert [code.co_name for code, _, _ in taken.frames] == ["caught", "fail"]
    assert taken.frames[1][2] == __name__
    assert taken.frames[1][1] == fail.__code__.co_firstlineno + 1


def test_cause_is_followed_and_hides_the_context() -> None:
    def main() -> None:
        try:
            fail()
        except ValueError:
            try:
                raise KeyError("k")
            except KeyError as cause:
                raise TypeError("t") from cause

    assert links(take_chain(caught(main))) == [
        ("TypeError", "", 0),
        ("KeyError", "cause", 0),
        ("ValueError", "context", 1),
    ]


def test_context_that_was_suppressed_is_left_out() -> None:
    def main() -> None:
        try:
            fail()
        except ValueError:
            raise TypeError("t") from None

    assert links(take_chain(caught(main))) == [("TypeError", "", 0)]


def test_groups_keep_their_members_in_order_also_within_groups() -> None:
    inner = ExceptionGroup("inner", [KeyError("k"), OSError("o")])
    group = ExceptionGroup("outer", [ValueError("v"), inner])
    group.__cause__ = TypeError("t")
    assert links(take_chain(group)) == [
        ("ExceptionGroup", "", 0), ("ValueError", "member", 0), ("ExceptionGroup", "member", 0),
        ("KeyError", "member", 2), ("OSError", "member", 2), ("TypeError", "cause", 0),
    ]  # fmt: skip


def test_a_cycle_of_causes_is_followed_once() -> None:
    first, second = ValueError("1"), ValueError("2")
    first.__cause__, second.__cause__ = second, first
    assert len(take_chain(first)) == 2


def test_a_long_chain_and_a_wide_group_are_bounded() -> None:
    exc = ValueError("0")
    for number in range(100):
        following = ValueError(str(number))
        following.__cause__ = exc
        exc = following
    assert len(take_chain(exc)) == limits.EXCEPTIONS
    assert len(take_chain(ExceptionGroup("g", [ValueError(str(n)) for n in range(1000)]))) == limits.EXCEPTIONS


def test_a_recursion_a_thousand_deep_keeps_both_ends() -> None:
    def recurse(depth: int) -> None:
        if depth == 0:
            fail()
        recurse(depth - 1)

    (taken,) = take_chain(caught(recurse, 800))
    names = [code.co_name for code, _, _ in taken.frames]
    assert len(names) == limits.FRAMES
    assert (names[0], names[1], names[-2], names[-1]) == ("caught", "recurse", "recurse", "fail")
    assert taken.left_out == 803 - limits.FRAMES


def test_without_stack_trace_no_frames_are_taken() -> None:
    assert take_chain(caught(fail), frames=False)[0].frames == []


class Raises(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text for you")


class Exits(Exception):
    def __str__(self) -> str:
        raise SystemExit(3)


class Number(Exception):
    def __str__(self) -> str:
        return 3  # type: ignore[return-value]  # pyright: ignore[reportReturnType] - that is the point


class Text(str):
    __slots__ = ()

    def __getitem__(self, key: object) -> str:
        raise RuntimeError("not even a slice")


class Subclass(Exception):
    def __str__(self) -> str:
        return Text("from a subclass")


class BadRepr:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")


@pytest.mark.parametrize(
    ("exc", "text"),
    [
        (Raises(), "<Raises whose text cannot be shown>"),
        (Exits(), "<Exits whose text cannot be shown>"),
        (Number(), "<Number whose text cannot be shown>"),
        (Subclass(), "from a subclass"),
        (ValueError(BadRepr()), "<ValueError whose text cannot be shown>"),
        (ValueError(), ""),
        (KeyError("id"), "'id'"),
        (ValueError("a", 1), "('a', 1)"),
        (FileNotFoundError(2, "No such file", "x"), "[Errno 2] No such file: 'x'"),
    ],
)
def test_message_is_the_text_of_the_exception_or_says_that_there_is_none(exc: Exception, text: str) -> None:
    assert message_of(exc) == text


@pytest.mark.parametrize(
    "argument",
    ["x" * 10**6, b"x" * 10**6, list(range(10**6)), {n: n for n in range(10**5)}, ("a", "b") * 10**5],
    ids=["str", "bytes", "list", "dict", "tuple"],
)
def test_a_huge_argument_gives_the_beginning_of_the_same_text(argument: object) -> None:
    assert message_of(ValueError(argument)) == str(ValueError(argument))[:TAKEN_CHARS]


def test_notes_are_taken() -> None:
    exc = ValueError("v")
    exc.add_note("look here")
    assert take_chain(exc)[0].notes == ("look here",)
