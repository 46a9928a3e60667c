"""The commented sample of every setting, and the tables of the documentation, made from the settings themselves.

`python -m node.config.sample > configs/error-aggregator.toml` writes the sample, `… sample tables` the end of
`docs/configuration.md`; tests compare them.
"""

import sys
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


def tables() -> str:
    """All settings in Markdown, a table for each section."""
    return "\n".join(_table(section, made_of.__doc__ or "") for section, made_of in SECTIONS.items())


def _table(section: str, about: str) -> str:
    rows = [
        f"| `{s.key}` | `{literal(s)}` | {s.effect} Expected: {s.kind.expected}. |"
        for s in SETTINGS.values()
        if s.section == section
    ]
    return "\n".join([f"## {section}\n\n{about}\n", "| key | default | what it does |", "|---|---|---|", *rows]) + "\n"


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
    print(tables() if sys.argv[1:] == ["tables"] else sample(), end="")
