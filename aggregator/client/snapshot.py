"""What is taken from an exception in the thread that has it: microseconds, no formatting, no file, no lock.

Of each exception of the chain: its class, its bounded message, and per frame the code object, the line number and the
module's name. Frames themselves are not kept: they would keep the program's locals alive. Everything that costs
(names, source lines, redaction, encoding) happens later, in the sender thread.

A chain is bounded in exceptions, a traceback in frames; a deep recursion keeps both of its ends.
"""

from __future__ import annotations

from itertools import islice

from aggregator import limits
from aggregator.client.text import exact

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType, TracebackType
    from typing import Any

    FrameTaken = tuple[CodeType, int, object]  # code, line, the module's name as it stood in its globals

ENDS = limits.FRAMES // 2  # kept of each end of a traceback that is too long
TAKEN_CHARS = limits.MESSAGE_CHARS + 512  # more than is sent: redaction sees whole words at the cut
NOTES = 10
BULK = 4_096  # items or characters of one argument: the text of more would be longer than any message may be


def cast_any(value: Any) -> Any:
    """`value`, for the type checker: its type was looked at in a way that says nothing about its items."""
    return value


class Taken:
    """One exception of the chain. `parent` is the index of the one that it is a cause, context or member of."""

    __slots__ = ("frames", "left_out", "link", "message", "notes", "parent", "type")

    def __init__(self, exc: BaseException, link: str, parent: int, frames: bool) -> None:
        self.type = type(exc)
        self.link = link
        self.parent = parent
        self.message = message_of(exc)
        self.notes = notes_of(exc)
        self.frames: list[FrameTaken] = []
        self.left_out = frames_of(exc.__traceback__, self.frames) if frames else 0


def take_chain(exc: BaseException, frames: bool = True) -> list[Taken]:
    """The exception, its members, causes and contexts, parents before children. A cycle is followed once."""
    taken: list[Taken] = []
    seen: set[int] = set()
    todo: list[tuple[BaseException, str, int]] = [(exc, "", 0)]
    while todo and len(taken) < limits.EXCEPTIONS:
        one, link, parent = todo.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        _follow(one, len(taken), todo)
        taken.append(Taken(one, link, parent, frames))
    return taken


def _follow(exc: BaseException, index: int, todo: list[tuple[BaseException, str, int]]) -> None:
    """Put what `exc` leads to on the stack: members come off first, then the cause or the context."""
    if exc.__cause__ is not None:
        todo.append((exc.__cause__, "cause", index))
    elif exc.__context__ is not None and not exc.__suppress_context__:
        todo.append((exc.__context__, "context", index))
    members = members_of(exc)[: limits.EXCEPTIONS]
    todo.extend((member, "member", index) for member in reversed(members))


def members_of(exc: BaseException) -> tuple[BaseException, ...]:
    """The exceptions of a group; none where `exc` is no group."""
    return exc.exceptions if isinstance(exc, BaseExceptionGroup) else ()  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - a group of anything


def frames_of(traceback: TracebackType | None, into: list[FrameTaken]) -> int:
    """Put the frames of `traceback` into `into`, outermost first; answers how many of the middle were left out."""
    nodes: list[TracebackType] = []
    while traceback is not None:
        nodes.append(traceback)
        traceback = traceback.tb_next
    left_out = len(nodes) - limits.FRAMES
    if left_out > 0:
        del nodes[ENDS:-ENDS]
    for node in nodes:
        frame = node.tb_frame
        into.append((frame.f_code, node.tb_lineno, frame.f_globals.get("__name__")))
    return max(left_out, 0)


def message_of(exc: BaseException) -> str:
    """A bounded `str(exc)`. What a hostile `__str__` raises is not passed on, a Ctrl-C in our own frame is."""
    try:
        plain = _PLAIN.get(type(exc).__str__)
        return exact(str(exc) if plain is None else _plain_text(plain, exc), TAKEN_CHARS)
    except Exception:
        return _unprintable(exc)
    except BaseException as problem:
        if problem.__traceback__ is None or problem.__traceback__.tb_next is None:
            raise
        return _unprintable(exc)


_PLAIN = {BaseException.__str__: BaseException, KeyError.__str__: KeyError}


def _plain_text(plain: type[BaseException], exc: BaseException) -> str:
    """The inherited `__str__`, spared the text of a huge argument: only its beginning would be kept anyway."""
    args = exc.args
    if plain is BaseException and len(args) == 1 and type(args[0]) is str:
        return args[0]
    return str(plain(*[_head(arg) for arg in args[:BULK]]))


def _head(arg: object) -> object:
    """The beginning of a built-in container that is too large; a subclass may do what it likes in its own text."""
    kind, bulky = type(arg), cast_any(arg)
    if kind in (str, bytes, list, tuple) and len(bulky) > BULK:
        return bulky[:TAKEN_CHARS]
    if kind is dict and len(bulky) > BULK:
        return dict(islice(bulky.items(), BULK))
    return arg


def notes_of(exc: BaseException) -> tuple[str, ...]:
    """The first notes that were added to the exception."""
    notes: object = getattr(exc, "__notes__", None)
    return tuple(map(_note, cast_any(notes)[:NOTES])) if type(notes) is list else ()


def _note(note: object) -> str:
    return exact(note, limits.CONTEXT_CHARS)


def _unprintable(exc: BaseException) -> str:
    return f"<{exact(type(exc).__name__, 100)} whose text cannot be shown>"
