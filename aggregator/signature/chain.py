"""Which exceptions of a record say what the error is, and which one says where.

The chain runs from the exception that was raised along explicit causes (`raise … from …`), and from where there is
none along the context. Types count all the way. The *root exception* is the last explicit cause; it carries the
location, or, where it has no frames of the program (it was caught inside a library, or never raised), the nearest one
before it that has. An exception that is only context (it was being handled when another error came) is a
circumstance: it has no say in where, and neither have the messages of such exceptions.

The members of a group are chains of their own, counted as a set: two or twenty tasks that failed alike are one error.
"""

from typing import NamedTuple

from aggregator.record import ErrorRecord, ExceptionInfo
from aggregator.signature.frames import Place, path_of, place_of
from aggregator.signature.places import APP

_BARE = frozenset({"", "builtins", "exceptions", "__main__", "__mp_main__"})


class Chain(NamedTuple):
    """One line of exceptions, by their indices in the record."""

    causes: list[int]  # the exception itself and its explicit causes, the root exception last
    contexts: list[int]  # what follows them as context only
    members: list["Chain"]  # of any group among them


def chain_of(record: ErrorRecord, start: int = 0) -> Chain:
    """The chain that begins at `exceptions[start]`; empty for a record without exceptions."""
    if not record.exceptions:
        return Chain([], [], [])
    children: dict[int, list[int]] = {}
    for i, exception in enumerate(record.exceptions):
        if i:
            children.setdefault(exception.parent, []).append(i)
    return _chain(record.exceptions, children, start)


def _chain(exceptions: list[ExceptionInfo], children: dict[int, list[int]], start: int) -> Chain:
    causes, contexts = [start], []
    members: list[Chain] = []
    here: int | None = start
    while here is not None:
        below = children.get(here, [])
        members += [_chain(exceptions, children, i) for i in below if exceptions[i].link == "member"]
        cause = next((i for i in below if exceptions[i].link == "cause"), None)
        here = cause if cause is not None else next((i for i in below if exceptions[i].link in ("context", "")), None)
        if here is not None:
            (causes if cause is not None and not contexts else contexts).append(here)
    return Chain(causes, contexts, members)


def type_of(exception: ExceptionInfo) -> str:
    """The type as it is hashed: the package it comes from and its own name, since modules move within packages."""
    name = exception.type.replace("<locals>.", "")
    package = exception.module.partition(".")[0]
    if not package and "." in name:
        head, _, rest = name.partition(".")
        if head == head.lower():
            package, name = head, name.rpartition(".")[2] if rest else name
    return name if package in _BARE else f"{package}.{name}"


def located(record: ErrorRecord, causes: list[int]) -> tuple[int, list[Place]]:
    """The exception that carries the location, and its frames; -1 and none if no exception of the chain has any."""
    fallback: tuple[int, list[Place]] = (-1, [])
    for i in reversed(causes):
        places = frames_of(record.exceptions[i])
        if places and places[-1].rank == APP:
            return i, places
        if places and fallback[0] < 0:
            fallback = i, places
    return fallback


def frames_of(exception: ExceptionInfo) -> list[Place]:
    """The frames of one exception that count."""
    return path_of([place_of(frame) for frame in exception.frames], repeating=exception.type == "RecursionError")
