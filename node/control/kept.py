"""What is shown of counts that this node does not keep: the words of a keeper, and this node's own where none answers.

In a fleet where everybody keeps all, this adds nothing. In a spread one each list is put together: of what is kept here
from here, of each other repository from one of its keepers, all of them asked at once. What a keeper does not know yet,
because it was reported here a moment ago, stays in the list. Who was asked, and that nobody answered, is said beside
the list, so that its rows stay what they are.
"""

from collections.abc import Callable, Hashable, Iterable
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec
import trio

from aggregator import limits
from aggregator.question import About, Question
from aggregator.record import decode
from aggregator.redact import redact_value
from node.control import answers
from node.control.rows import BundleRow, Detail, ErrorRow, IssueRow
from node.control.view import Said, View

RECORDS = 5  # samples that one error is shown with

T = TypeVar("T", ErrorRow, BundleRow, IssueRow, Detail)


class Told(NamedTuple, Generic[T]):
    """Rows, and lines about where they are from."""

    rows: list[T]
    notes: list[str]


async def errors(view: View) -> Told[ErrorRow]:
    told = await _together(view, "errors", ErrorRow, answers.errors(view), lambda row: row.signature)
    return Told(sorted(told.rows, key=answers.worst_first), told.notes)


async def bundles(view: View) -> Told[BundleRow]:
    return await _together(view, "bundles", BundleRow, answers.bundles(view), lambda row: (row.root, row.repository))


async def issues(view: View) -> Told[IssueRow]:
    told = await _together(view, "issues", IssueRow, answers.issues(view), lambda row: (row.repository, row.number))
    return Told(sorted(told.rows, key=lambda row: (row.repository, row.number)), told.notes)


async def detail(view: View, name: str) -> Told[Detail]:
    """At most one."""
    own = await with_records(view, name)
    told = await _together(view, "show", Detail, own, lambda row: row.root, name)
    if own and told.rows and not told.rows[0].records:
        return Told([msgspec.structs.replace(told.rows[0], records=own[0].records)], told.notes)
    return Told(told.rows[:1], told.notes)


async def said(view: View, question: Question) -> Iterable[object]:
    """What this node, a keeper, answers another one."""
    repository = question.repository
    match question.about:
        case "errors":
            return answers.errors(view, repository)
        case "bundles":
            return [row for row in answers.bundles(view) if row.repository.lower() == repository]
        case "issues":
            return [row for row in answers.issues(view) if row.repository.lower() == repository]
        case "show":
            return [row for row in await with_records(view, question.name) if row.repository.lower() == repository]


async def with_records(view: View, name: str) -> list[Detail]:
    """All that is known here of one error, with its samples; nothing where nothing is known, or it may be several."""
    found = answers.detail(view, name)
    if found is None:
        return []
    records = await view.records((), [row.signature for row in found.errors])
    plain: list[dict[str, Any]] = [redact_value(msgspec.to_builtins(record)) for record in records[:RECORDS]]
    return [msgspec.structs.replace(found, records=plain)]


async def _together(
    view: View, about: About, kind: type[T], own: list[T], key: Callable[[T], Hashable], name: str = ""
) -> Told[T]:
    keepers = view.keepers
    elsewhere = keepers.elsewhere() if keepers else []
    if keepers is None or not elsewhere:
        return Told(own, [])
    found: dict[str, _Answer[T] | None] = {}

    async def ask(repository: str) -> None:
        found[repository] = await keepers.ask(Question(about, repository, name), lambda said: _read(said, kind))

    async with trio.open_nursery() as nursery:
        for each in elsewhere:
            nursery.start_soon(ask, each)
    theirs = [row for each in elsewhere if (answer := found[each]) for row in answer.rows]
    known = {key(row) for row in theirs}
    notes = [_note(each, found[each], keepers.holds(each)) for each in elsewhere]
    return Told([*theirs, *(row for row in own if key(row) not in known)], [note for note in notes if note])


class _Answer(NamedTuple, Generic[T]):
    keeper: str
    rows: list[T]
    left_out: int


def _read(said: Said, kind: type[T]) -> _Answer[T]:
    """Its rows, with its name on them. Raises `ValueError` or msgspec's `DecodeError` unless all are in order."""
    rows = [_checked(msgspec.msgpack.decode(row, type=kind)) for row in said.rows]
    return _Answer(said.keeper, [msgspec.structs.replace(row, kept_by=said.keeper) for row in rows], said.left_out)


def _checked(row: T) -> T:
    """What can be shown, and shows no secret."""
    errors = row.errors if isinstance(row, Detail) else [row]
    for each in errors:
        if isinstance(each, ErrorRow | BundleRow) and each.severity not in limits.SEVERITIES:
            raise ValueError(f"no severity: {each.severity!r}"[:100])
    if isinstance(row, Detail):
        return msgspec.structs.replace(row, records=[_plain(record) for record in row.records[:RECORDS]])
    return row


def _plain(record: object) -> dict[str, Any]:
    """A record as another node shows it, checked as any that comes from outside."""
    checked = decode(msgspec.msgpack.encode(record))  # its `BadRecord` is a `ValueError`
    plain: dict[str, Any] = redact_value(msgspec.to_builtins(checked))
    return plain


def _note(repository: str, answer: _Answer[T] | None, holds: bool) -> str:
    """Where the rows about a repository are from; nothing where there are none."""
    name = repository or "what is routed nowhere"
    if answer is None:
        return f"{name}: no keeper answered; these are the counts of this node alone" if holds else ""
    more = f", without {answer.left_out:,} rows that found no room" if answer.left_out else ""
    return f"{name}: kept by {answer.keeper}{more}" if answer.rows or more else ""
