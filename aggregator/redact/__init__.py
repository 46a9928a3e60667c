"""Secrets stay out of what leaves the process: this takes them out of text, values, arguments and the environment.

Two kinds of evidence, each in its own file: a secret is known by its looks (`shapes`) or by the name before it
(`assignments`). What is needed to find a bug stays: names, schemes, users, hosts, types. Redacting twice is redacting
once.

The time is linear in the length of the text. Standard library only: every worker imports this, and no expression is
compiled before it is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from aggregator import limits
from aggregator.redact.assignments import counts, hide_assigned
from aggregator.redact.names import NEEDLES, sensitive, sensitive_variable
from aggregator.redact.places import ALLOWED, chosen_variables, hide_arguments, home_to_tilde
from aggregator.redact.shapes import REDACTED, Shape, hide_shapes, possible

TYPE_CHECKING = False  # importing typing costs a worker more than all the rest
if TYPE_CHECKING:
    from typing import Any, cast
else:

    def cast(_type: str, value: object) -> object:
        return value


__all__ = [
    "ALLOWED",
    "REDACTED",
    "home_to_tilde",
    "redact_command",
    "redact_environment",
    "redact_lines",
    "redact_text",
    "redact_value",
    "sensitive",
    "sensitive_variable",
]

ROUNDS = 5  # two are nearly always enough; the bound keeps hostile text from costing more
CUT = "[cut]"  # stands for what a bound left out
LEVELS = limits.DEPTH - 1  # of lists and maps in a value; what it is a field of is one more


def redact_text(text: str) -> str:
    """`text` without its secrets."""
    lowered = text.lower()
    return _redact(text, possible(lowered), _may_name(lowered))


def redact_lines(lines: Sequence[str]) -> list[str]:
    """As many lines as were given, without their secrets, among them keys that run over several lines."""
    lowered = "\n".join(lines).lower()
    shapes, named = possible(lowered), _may_name(lowered)  # looked for once: most logs contain none
    if not shapes and not named:
        return list(lines)
    redacted: list[str] = []
    inside = False
    for line in lines:
        ends = "-----END" in line and "PRIVATE KEY" in line
        if ends and not inside:
            _hide_body_before(redacted)
        body = inside and not ends and _key_body(line)
        redacted.append(REDACTED if body else _redact(line, shapes, named))
        inside = (body or ("-----BEGIN" in line and "PRIVATE KEY" in line)) and not ends
    return redacted


def _redact(text: str, shapes: list[Shape], named: bool) -> str:
    """Hiding one secret can bare the next, as with two tokens without a gap: so what changed is looked at again."""
    for _ in range(ROUNDS):
        before = text
        text = hide_shapes(text, shapes)
        text = hide_assigned(text) if named else text
        if text == before:
            break
    return text


def _may_name(lowered: str) -> bool:
    return any(needle in lowered for needle in NEEDLES)


def _key_body(line: str) -> bool:
    """Whether a line can stand within a key: base64 without blanks, nothing, or one of its headers."""
    return " " not in line.strip() or line.startswith(("Proc-Type:", "DEK-Info:", "Comment:"))


def _hide_body_before(lines: list[str]) -> None:
    """Hide the end of a key whose beginning is no longer there."""
    for i in range(len(lines) - 1, -1, -1):
        if not _key_body(lines[i]) or not lines[i]:
            return
        lines[i] = REDACTED


def redact_command(argv: Sequence[str]) -> list[str]:
    """A command line without its secrets; as many arguments as before."""
    return [redact_text(argument) for argument in hide_arguments(argv)]


def redact_environment(env: Mapping[str, str], allow: Iterable[str] = ALLOWED) -> dict[str, str]:
    """Of `env` what `allow` names (a trailing `*` for a beginning), without sensitive names even if it names them."""
    return {name: home_to_tilde(redact_text(value)) for name, value in chosen_variables(env, tuple(allow)).items()}


def redact_value(value: Any, key: str = "") -> Any:
    """`value` as plain data without its secrets, `key` being the name it is stored under.

    Bounded by the limits of a context: what is too deep, too many or too long is cut and says so. What is no plain
    data is shown by its `repr`.
    """
    return _value(value, key, 0)


def _value(value: Any, key: str, depth: int) -> Any:
    if depth >= LEVELS and isinstance(value, (Mapping, list, tuple, set, frozenset)):
        return CUT
    if isinstance(value, Mapping):
        return _map(cast("Mapping[Any, Any]", value), key, depth)
    if isinstance(value, (list, tuple, set, frozenset)):
        return _list(cast("Iterable[Any]", value), key, depth)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float) or (isinstance(value, int) and -limits.INTEGER <= value < limits.INTEGER):
        return REDACTED if key and sensitive(key) and not counts(key) else value
    text = value if isinstance(value, str) else _shown(value)
    if key and sensitive(key) and text:
        return REDACTED
    text = redact_text(text[: 2 * limits.CONTEXT_CHARS])
    return text if len(text) <= limits.CONTEXT_CHARS else text[: limits.CONTEXT_CHARS - len(CUT)] + CUT


def _map(value: Mapping[Any, Any], key: str, depth: int) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for count, (name, item) in enumerate(value.items()):
        if count == limits.CONTEXT_ITEMS:
            out[CUT] = len(value) - count
            break
        shown = redact_text(name if isinstance(name, str) else _shown(name))[: limits.NAME_CHARS]
        out[shown] = _value(item, key if key and sensitive(key) else shown, depth + 1)
    return out


def _list(value: Iterable[Any], key: str, depth: int) -> list[Any]:
    items = list(value)
    kept: list[Any] = items[: limits.CONTEXT_ITEMS]
    if kept and all(isinstance(item, str) for item in kept):
        kept = hide_arguments(kept)  # a list of strings may be a command line
    out = [_value(item, key, depth + 1) for item in kept]
    return [*out, CUT] if len(items) > len(kept) else out


def _shown(value: Any) -> str:
    try:
        return repr(value)
    except Exception:  # a border: the code of the host's own classes
        return f"<{type(value).__name__} without a repr>"
