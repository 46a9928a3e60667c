"""The parts of an issue that tell of one record and its counts, each within its own budget.

Each part has a fixed number of bytes, which together leave room for what stands around them: so no part can push
another out, whatever a program put into its record, and a body is never cut as a whole. Text that does not fit is cut
where it matters least (logs at their beginning, a trace in its middle) and says so.

Everything from a record is redacted once more, and made inert by being fenced, or escaped where it stands in a line.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from aggregator import limits
from aggregator.bundle import Bundle
from aggregator.inert import fenced, inline
from aggregator.moment import rfc3339
from aggregator.plural import plural
from aggregator.record import ErrorRecord
from aggregator.redact import redact_lines, redact_text, redact_value
from aggregator.trace import trace

LOG_LINES = 100  # the last ones
SIGHTINGS = 5
INVOCATION = ("command", "arguments", "cwd")  # keys of the context
BUDGETS = {  # bytes of UTF-8, fences included
    "Error": 6 * 1024,
    "Stack trace": 21 * 1024,
    "Invocation": 4 * 1024,
    "Environment": 5 * 1024,
    "Logs": 14 * 1024,
    "System": 4 * 1024,
    "Occurrences": 2 * 1024,
    "Related": 3 * 1024,
}

Keep = Callable[[str, int], str]  # (text, characters) -> what is kept of it


class Section(NamedTuple):
    heading: str
    text: str  # Markdown


def sections(bundle: Bundle, record: ErrorRecord | None, stack_trace: bool) -> Iterator[Section]:
    """All parts that have something to say, in the order in which they are read."""
    if record is None:
        note = "No full record could be had from the nodes that saw it; the counts are exact all the same."
        yield Section("Error", fence("Error", bundle.total.title) + f"\n\n{note}")
    else:
        yield Section("Error", fence("Error", f"{record.type_name}: {record.message}"))
        yield from _of_record(record, stack_trace)
    yield Section("Occurrences", _occurrences(bundle))
    if bundle.related:
        yield Section("Related", _related(bundle))


def _of_record(record: ErrorRecord, stack_trace: bool) -> Iterator[Section]:
    context: dict[str, Any] = redact_value(record.context)
    logs = redact_lines([line.rstrip("\r\n") for line in record.logs[-LOG_LINES:]])
    parts = (
        ("Stack trace", trace(record) if stack_trace else "", keep_ends),
        ("Invocation", _pairs({key: context[key] for key in INVOCATION if key in context}), keep_head),
        ("Environment", _pairs(_mapping(context.get("environment"))), keep_head),
        ("Logs", "\n".join(logs), keep_tail),
        ("System", _pairs(_system(record, context)), keep_head),
    )
    for heading, text, keep in parts:
        if text.strip():
            yield Section(heading, fence(heading, text, keep))


def _system(record: ErrorRecord, context: Mapping[str, Any]) -> dict[str, Any]:
    """What the context says of the machine, and whatever else the program put into it."""
    own = {"service": record.service, "release": record.release}
    rest = {k: v for k, v in context.items() if k not in (*INVOCATION, "environment")}
    return {name: value for name, value in own.items() if value} | rest


def _occurrences(bundle: Bundle) -> str:
    total = bundle.total
    lines = [
        f"{total.count:,} in the lookback, {max(bundle.count_ever, total.count):,} known in all, "
        f"on {plural(len(total.nodes), 'node')}; first {rfc3339(total.first)}, last {rfc3339(total.last)}."
    ]
    if bundle.sightings:
        lines += ["", "The latest, by window:", ""]
    for sighting in bundle.sightings[:SIGHTINGS]:
        lines.append(f"- {rfc3339(sighting.at)} on {inline(sighting.peer)}: {sighting.occurrences:,}")
    return "\n".join(lines)


def _related(bundle: Bundle) -> str:
    """Other roots of the same type and place. The number is our own link, the title is an error's words."""
    lines = ["Same type and place, another message:", ""]
    for other in bundle.related:
        issue = f" (#{other.number})" if other.number else ""
        lines.append(f"- {inline(redact_text(other.title))}: {plural(other.occurrences, 'occurrence')}{issue}")
    return _lines_within("\n".join(lines), BUDGETS["Related"])


def fence(heading: str, text: str, keep: Keep | None = None) -> str:
    """`text` redacted and fenced, within the budget of its section."""
    return within(redact_text(text), BUDGETS[heading], keep or keep_head)


def within(text: str, budget: int, keep: Keep) -> str:
    """`text` fenced in at most `budget` bytes. Making text inert lengthens it, so it is cut until it fits."""
    size = len(text)
    out = fenced(text)
    while len(out.encode(errors="replace")) > budget and size > 0:
        size = min(size - 1, size * budget * 9 // (len(out.encode(errors="replace")) * 10))
        cut = keep(text, size)
        out = fenced(cut)
    return out


def keep_head(text: str, size: int) -> str:
    return f"{text[:size]}\n{_mark(len(text) - size)}"


def keep_tail(text: str, size: int) -> str:
    return f"{_mark(len(text) - size)}\n{text[len(text) - size :]}"


def keep_ends(text: str, size: int) -> str:
    head = size // 2
    return f"{text[:head]}\n{_mark(len(text) - size)}\n{text[len(text) - (size - head) :]}"


def _mark(left_out: int) -> str:
    return f"[… {left_out:,} characters left out …]"


def _lines_within(text: str, budget: int) -> str:
    """Whole lines of Markdown, so that no escape is cut in two."""
    kept: list[str] = []
    for line in text.split("\n"):
        budget -= len(line.encode(errors="replace")) + 1
        if budget < 0:
            break
        kept.append(line)
    return "\n".join(kept)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}  # pyright: ignore[reportUnknownVariableType]  # decoded: keys are text


def _pairs(items: Mapping[str, Any]) -> str:
    return "\n".join(f"{name}: {plain(value)}" for name, value in list(items.items())[: limits.CONTEXT_ITEMS])


def plain(value: Any) -> str:
    """A value of the context as text: strings as they are, the rest as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=repr)
