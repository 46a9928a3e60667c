"""What is said of a configuration: why it is refused, and a value as it may be shown."""

from collections.abc import Mapping
from typing import Any, cast

from aggregator.brief import brief
from aggregator.redact import REDACTED, redact_command, redact_text
from node.config.kinds import TOKEN, words

SHOWN = 60  # characters of a value in a message
HIDDEN = "(hidden)"  # stands for a secret where settings are shown
CREDENTIAL_REMEDY = (
    "tokens are never kept in a file: remove it, revoke it if others could read it, and give the token as systemd "
    "credential, GITHUB_TOKEN, GH_TOKEN or through `gh auth login`"
)


class ConfigError(Exception):
    """The configuration is refused. The text has one line per problem: where, what, and what was expected."""


def redacted(value: object) -> Any:
    """A value as TOML holds it, without its secrets: an argument of a command may be one."""
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, list | tuple):
        items = [redacted(each) for each in cast("list[object]", value)]
        return redact_command(cast("list[str]", items)) if all(isinstance(each, str) for each in items) else items
    if isinstance(value, Mapping):
        return {name: redacted(each) for name, each in cast("Mapping[Any, object]", value).items()}
    return value


def said(text: str) -> str:
    """A key, or a parser's words about one, as a message shows it: short, on one line, without secrets."""
    text = TOKEN.sub(REDACTED, redact_text(text))
    return brief("".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text))


def shown(value: object) -> str:
    """A value as a message shows it: short, on one line, without secrets."""
    value = redacted(value)
    given = ascii(f'"{value}"' if isinstance(value, str) else words(value))[1:-1]
    return given if len(given) <= SHOWN else given[: SHOWN - 1] + "…"
