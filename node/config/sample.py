"""The commented sample of every setting, and the table for the documentation, made from the settings themselves.

`python -m node.config.sample > configs/error-aggregator.toml` writes the sample; a test compares the two.
"""

import textwrap
from typing import cast

import msgspec

from node.config.sections import SECTIONS, SETTINGS, Setting

HEAD = """\
# Every setting of the node, with its default. Copy what you change to /etc/error-aggregator/config.toml (or to
# $XDG_CONFIG_HOME/error-aggregator/config.toml). Each can be overridden by AGGREGATOR_SECTION_KEY in the environment.
# Durations are seconds or texts such as "15m". Tokens are never kept here: see `aggregator doctor`.
"""


def sample() -> str:
    """The text of `configs/error-aggregator.toml`."""
    parts = [HEAD]
    for section, made_of in SECTIONS.items():
        parts.append(f"\n[{section}]  # {made_of.__doc__}\n")
        parts += [_entry(setting) for setting in SETTINGS.values() if setting.section == section]
    return "".join(parts)


def table() -> str:
    """All settings as one Markdown table."""
    rows = ["| key | default | expected | effect |", "|---|---|---|---|"]
    rows += [f"| `{s.key}` | `{literal(s)}` | {s.kind.expected} | {s.effect} |" for s in SETTINGS.values()]
    return "\n".join(rows) + "\n"


def literal(setting: Setting) -> str:
    """The default as TOML text."""
    return _literal(setting.kind.write(setting.default))


def _entry(setting: Setting) -> str:
    remark = textwrap.wrap(f"{setting.effect} Expected: {setting.kind.expected}.", 116)
    return "".join(f"# {line}\n" for line in remark) + f"{setting.name} = {literal(setting)}\n"


def _literal(value: object) -> str:
    if isinstance(value, dict):
        items = cast("dict[str, object]", value)
        inside = ", ".join(f"{name} = {_literal(each)}" for name, each in items.items())
        return f"{{ {inside} }}" if inside else "{}"
    return msgspec.json.encode(value).decode()  # JSON's texts, numbers and lists are TOML's too


if __name__ == "__main__":
    print(sample(), end="")
