"""A record's exceptions as text, in the form and order that Python prints them: causes first, group members indented.

The text is as hostile as the record: whoever shows it redacts it and makes it inert.
"""

from collections.abc import Iterator

from aggregator.record import ErrorRecord, ExceptionInfo

CAUSE = "The above exception was the direct cause of the following exception:"
CONTEXT = "During handling of the above exception, another exception occurred:"


def trace(record: ErrorRecord) -> str:
    """The whole trace; empty where the record has no exceptions."""
    return "\n".join(_lines(record, 0)) if record.exceptions else ""


def _lines(record: ErrorRecord, index: int) -> Iterator[str]:
    """The exception at `index` after its causes and before its members: a tree, as a parent stands before its child."""
    children = [i for i, e in enumerate(record.exceptions) if i > index and e.parent == index]
    for child in children:
        if record.exceptions[child].link != "member":
            yield from _lines(record, child)
            yield from ("", CAUSE if record.exceptions[child].link == "cause" else CONTEXT, "")
    yield from _exception(record.exceptions[index], record.message_of(index))
    for number, child in enumerate((i for i in children if record.exceptions[i].link == "member"), 1):
        yield f"  +---------------- {number} ----------------"
        yield from (f"  | {line}" for line in _lines(record, child))


def _exception(exception: ExceptionInfo, message: str) -> Iterator[str]:
    if exception.frames:
        yield "Traceback (most recent call last):"
    for frame in exception.frames:
        yield f'  File "{frame.file}", line {frame.line}, in {frame.function}'
        if frame.source.strip():
            yield f"    {frame.source.strip()}"
    name = f"{exception.module}.{exception.type}" if exception.module not in ("", "builtins") else exception.type
    yield f"{name}: {message}" if message else name
