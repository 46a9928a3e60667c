"""A key as people write one: `bundle.threshold`, or an entry of a table, `bundle.services.web.threshold`.

A name may itself have dots (`github.routes.shop.eu`): what a table's own key leaves over is the name, and of a table of
tables the last part is what it holds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from node.config.kinds import Kind
from node.config.sections import SETTINGS, Setting
from node.config.words import SHOWN, ConfigError, said

EARLIER: Mapping[str, str] = {  # what tools of before called it: ours
    "github_repo": "github.repository",
    "issue_labels": "filing.labels",
    "auto_create_issues": "filing.issues",
    "enabled": "filing.issues",
}


@dataclass(frozen=True)
class Key:
    """A setting, or one entry of it."""

    setting: Setting
    below: tuple[str, ...] = ()  # names within the setting's table; none: all of it

    @property
    def path(self) -> tuple[str, ...]:
        """From the file's top."""
        return (self.setting.section, self.setting.name, *self.below)

    @property
    def kind(self) -> Kind[Any]:
        kind: Kind[Any] = self.setting.kind
        for _ in self.below:
            kind = kind.entry or kind
        return kind

    def nested(self, value: object) -> object:
        """`value` as the setting's own value would hold it."""
        for name in reversed(self.below):
            value = {name: value}
        return value

    def within(self, value: Any) -> Any:
        """What stands there in the setting's own `value`. Raises `ConfigError` where nothing does."""
        for name in self.below:
            if name not in value:
                raise ConfigError(f"{said('.'.join(self.path))} is not set: {self.setting.key} names {_named(value)}")
            value = value[name]
        return value


def known(key: str) -> Key:
    """What `key` names. Raises `ConfigError`."""
    if key in SETTINGS:
        return Key(SETTINGS[key])
    for setting in SETTINGS.values():
        rest = key.removeprefix(setting.key + ".")
        if setting.kind.entry and rest not in (key, ""):
            name, _, last = rest.rpartition(".") if setting.kind.entry.entry else ("", "", rest)
            return Key(setting, tuple(filter(None, (name, last))))
    raise ConfigError(f"{said(key)} is no setting{suggestion(key) or ': `aggregator config show` lists them all'}")


def suggestion(key: str) -> str:
    """`: did you mean …?` where something is spelt nearly so, or so in another section; else nothing."""
    key = key[:SHOWN]  # nothing of ours is as long
    name = key.rpartition(".")[2]
    by_name: dict[str, list[str]] = {}
    for setting in SETTINGS.values():
        by_name.setdefault(setting.name, []).append(setting.key)
    tables = [each.key for each in SETTINGS.values() if each.kind.entry]
    if table := get_close_matches(".".join(key.split(".")[:2]), tables, n=1, cutoff=0.8) if key.count(".") > 1 else []:
        return f": did you mean {table[0]}.{said(key.split('.', 2)[2])}?"
    near = get_close_matches(key, SETTINGS, n=1, cutoff=0.8) or by_name.get(name) or [EARLIER.get(name, "")]
    if not near[0]:
        near = [each for found in get_close_matches(name, by_name, n=1, cutoff=0.8) for each in by_name[found]]
    return f": did you mean {' or '.join(near)}?" if near else ""


def _named(value: Any) -> str:
    return ", ".join(said(str(name)) for name in value) or "nothing"
