"""A message without its values: what its author wrote, with placeholders for what the program filled in.

Wording first (the same message in another version of Python, on another operating system), then values, then what is
left of containers and plurals, so that one item and twenty give one template.
"""

import re
from functools import lru_cache
from typing import NamedTuple

import msgspec

from aggregator.signature.patterns import RULES, N, Q, expression
from aggregator.signature.wording import common_wording

READ = 2_048  # characters of a message that are read
KEPT = 400  # characters of a template that count; a fifth, so that a value cut off at the end is never among them

_SPACE = re.compile(r"\s+")
_PROSE = re.compile(
    r"""(['"])(?=[^'"]*\b(?:not|no|is|are|was|must|missing|invalid|cannot|unknown|failed|required|expected|already"""
    r"""|unable|exists?|too|without)\b)(?:[^'"\\]|\\.)+? (?:[^'"\\]|\\.)+\1"""
)
_SAID = re.compile(
    r"""(['"])(message|error|detail|details|reason|msg|code|error_description|title)\1: ?"""
    r"""(['"])((?:(?!\3)[^\\]|\\.){1,1000})\3""",
    re.IGNORECASE,
)
_REPEATED = re.compile(r"(<[a-z]+>)(?:(?:, ?|; ?|,? and | | x )\1)+")
_CONTAINER = re.compile(r"[\[({](?:<[a-z]+>|None|True|False|\.\.\.|[,:=\s])++[\])}]")
_NESTING = 4  # levels of containers within containers that are folded
_PLURAL = re.compile(r"(<n> (?:[a-z]+ ){0,2}[a-z]{2,}[^\W\d_sui])s(?=[ ,.;:)]|$)")


_NONE = frozenset[str]()


class Rules(msgspec.Struct, frozen=True):
    """Which rules of parameterisation a service switched off: names from `RULES`."""

    off: frozenset[str] = _NONE

    def __post_init__(self) -> None:
        unknown = sorted(self.off - set(RULES))
        if unknown:
            raise ValueError(f"unknown rule {unknown[0]!r}: expected one of {', '.join(RULES)}")


class Hit(NamedTuple):
    """One value that was found: by which rule, what it was, what stands for it now."""

    rule: str
    value: str
    stands: str


def parameterise(message: str, rules: Rules | None = None) -> str:
    """The template of `message`: at most `KEPT` characters on one line."""
    pattern, actions = _expression(rules.off if rules else _NONE)

    def stand_in(match: re.Match[str]) -> str:
        action = actions.get(match.lastgroup or "")
        return action[1](match[0]) if action else match[0]

    return _tidy(pattern.sub(stand_in, _prepare(message)))


def hits(message: str, rules: Rules | None = None) -> list[Hit]:
    """The values that `parameterise` finds in `message`, in order."""
    pattern, actions = _expression(rules.off if rules else _NONE)
    found: list[Hit] = []
    for match in pattern.finditer(_prepare(message)):
        if match.lastgroup not in actions:
            continue
        rule, action = actions[match.lastgroup]
        stands = action(match[0])
        if stands != match[0]:
            found.append(Hit(rule, match[0], stands))
    return found


_expression = lru_cache(maxsize=64)(expression)  # one for each combination of rules that services switched off


def _prepare(message: str) -> str:
    text = common_wording(_SPACE.sub(" ", message[:READ]).strip())
    if _PROSE.fullmatch(text):  # a KeyError shows its argument quoted, even if that is a sentence
        text = text[1:-1]
    return _SAID.sub(r"\2: \4", text) if ":" in text else text


def _folded(container: re.Match[str]) -> str:
    return Q if "<" in container[0] else container[0]


def _tidy(template: str) -> str:
    if "<" in template:
        template = _fold(template)
    return template[:KEPT].strip()


def _fold(template: str) -> str:
    for _ in range(_NESTING):
        before = template
        template = _CONTAINER.sub(_folded, _REPEATED.sub(r"\1", template))
        if template == before:
            break
    return _PLURAL.sub(r"\1", template).replace(f"{N} were given", f"{N} was given")
