"""What an issue says: title, labels, body. Pure, and the same on every node.

A title is made of the error's parameterised message, never of one record's own words, so that it fits every occurrence.

| in a title's template | is |
|---|---|
| `{type}` | the error's type |
| `{message}` | the parameterised message, at most 80 characters |
| `{function}` | the innermost function of the program's own code |
| `{service}` | the service that it occurred in most |
| `{severity}` | low, medium, high or critical |

In a label, `{severity}` is the same, and `{priority}` is `priority` for high and critical errors; a label that
comes out empty is left out.
"""

import re

from aggregator import limits
from aggregator.bundle import Bundle
from aggregator.comments import adopted_comment as adopted_comment
from aggregator.comments import duplicate_comment as duplicate_comment
from aggregator.comments import flapping_comment as flapping_comment
from aggregator.comments import linked_note as linked_note
from aggregator.comments import regression_comment as regression_comment
from aggregator.filing.marker import issue_marker
from aggregator.filing.settings import OWN_LABEL, Settings
from aggregator.inert import plain
from aggregator.record import ErrorRecord
from aggregator.redact import redact_text
from aggregator.sections import sections
from aggregator.signature import sign
from aggregator.status import BODY_CHARS as BODY_CHARS
from aggregator.status import Status as Status
from aggregator.status import needs_update as needs_update
from aggregator.status import read_status as read_status
from aggregator.status import replace_status as replace_status
from aggregator.status import status_block as status_block
from aggregator.status import status_of as status_of

TITLE_CHARS = 256  # GitHub takes no more
MESSAGE_CHARS = 80
LABEL_CHARS = 50  # GitHub takes no more
URGENT = frozenset({"high", "critical"})
_VARIABLE = re.compile(r"\{(type|message|function|service|severity|priority)\}")
_DANGLING = re.compile(r"\s+(?:in|on|at|-|:)\s*$|^\s*(?:in|on|at|-|:)\s+")


def title(bundle: Bundle, record: ErrorRecord | None, settings: Settings) -> str:
    """The issue's title: one line of at most 256 characters, inert."""
    kind, message, function = _words(bundle, record)
    values = {
        "type": kind,
        "message": short(message or kind, MESSAGE_CHARS),
        "function": function,
        "service": max(bundle.total.services, key=lambda s: (bundle.total.services[s], s), default=""),
        "severity": limits.SEVERITIES[bundle.total.severity],
    }
    text = fill(settings.title, values)
    return short(plain(redact_text(_DANGLING.sub("", text))), TITLE_CHARS) or bundle.root


def _words(bundle: Bundle, record: ErrorRecord | None) -> tuple[str, str, str]:
    """Type, parameterised message and function. Without a record the title that was counted with has them in one."""
    kind, _, rest = bundle.total.title.partition(": ")
    if record is None:
        return kind, rest, ""
    signed = sign(record)
    return kind, signed.template, signed.where


def labels(bundle: Bundle, settings: Settings) -> tuple[str, ...]:
    """Our own label first, then the configured ones: at most 50 characters each, none twice, no commas."""
    severity = limits.SEVERITIES[bundle.total.severity]
    values = {"severity": severity, "priority": "priority" if severity in URGENT else ""}
    out = {OWN_LABEL: OWN_LABEL}
    for template in settings.labels:
        label = fill(template, values).replace(",", " ").strip()[:LABEL_CHARS].strip()
        if label:
            out.setdefault(label.lower(), label)
    return tuple(out.values())


def body(bundle: Bundle, record: ErrorRecord | None, settings: Settings, now: float, *, previous: int = 0) -> str:
    """The issue's body, at most 65,536 bytes. `previous`: the issue that it is a regression of."""
    parts = [
        issue_marker(settings.marker_key, bundle.repository, bundle.root, bundle.generation),
        status_block(status_of(bundle, now)),
    ]
    if previous:
        parts.append(f"This error had an issue before: #{previous}, which was closed.")
    parts += [f"### {s.heading}\n\n{s.text}" for s in sections(bundle, record, settings.stack_trace)]
    parts.append(_footer(bundle))
    return "\n\n".join(parts)


def fill(template: str, values: dict[str, str]) -> str:
    """`template` with its variables replaced, once: what stands in a value is not a variable."""
    return _VARIABLE.sub(lambda found: values.get(found[1], found[0]), template)


def short(text: str, size: int) -> str:
    """`text` in at most `size` characters, with an ellipsis where it was cut."""
    return text if len(text) <= size else text[: size - 1].rstrip() + "…"


def _footer(bundle: Bundle) -> str:
    names = ", ".join(f"`{name}`" for name in bundle.signatures[:10]) + (", …" if len(bundle.signatures) > 10 else "")
    return (
        f"---\nSignatures: {names}\n\nFiled by a fleet of error-aggregator nodes, which keep the block above up to"
        " date; all else is yours to edit."
        f" To hear no more of it: `aggregator mute {bundle.root}`, or close it as not planned."
    )
