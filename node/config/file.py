"""From file and environment to one frozen object, or to a list of all that is wrong with them.

Order, the later wins: defaults, the file, `AGGREGATOR_SECTION_KEY` from the environment. One file is read: the one that
was named, else the first that exists of `$XDG_CONFIG_HOME/error-aggregator/config.toml` and
`/etc/error-aggregator/config.toml`. Unknown keys and bad values are refused, all at once, each with file, line and what
was expected: a misspelled setting that is quietly ignored is worse than a node that does not start.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

from node.config.key import suggestion
from node.config.kinds import BadValue, looks_like_token
from node.config.sections import SECTIONS, SETTINGS, Config, Setting
from node.config.toml import decode, line_of, lines_of, parse
from node.config.words import CREDENTIAL_REMEDY, HIDDEN, ConfigError, said, shown

CLIENT_VARIABLES = frozenset({"AGGREGATOR_LOG_LINES"})  # of aggregator.client, and looking like ours
PROBLEMS = 50  # that are told at once
SYSTEM_FILE = Path("/etc/error-aggregator/config.toml")
SECRET_KEY = re.compile(r"token|secret|passw|credential|private_?key|(^|[._])pat$", re.IGNORECASE)


@dataclass(frozen=True)
class Loaded:
    """A configuration, and where each of its values came from."""

    config: Config
    path: Path | None
    sources: Mapping[str, str]  # by key: "default", "FILE:LINE" or the name of an environment variable
    warnings: tuple[str, ...] = ()
    places: tuple[Path, ...] = ()  # absolute; of these a reload reads the first that exists


@dataclass
class _Reading:
    values: dict[str, Any] = field(default_factory=dict[str, Any])
    sources: dict[str, str] = field(default_factory=dict[str, str])
    problems: list[str] = field(default_factory=list[str])

    def take(self, setting: Setting, value: object, source: str) -> None:
        if looks_like_token(value):
            self.problems.append(f"{source}: {setting.key} holds a token: {CREDENTIAL_REMEDY}")
            return
        try:
            self.values[setting.key] = setting.kind.read(value)
        except BadValue:
            given = HIDDEN if setting.kind.secret else shown(value)
            self.problems.append(f"{source}: {setting.key} is {given}: expected {setting.kind.expected}")
            return
        self.sources[setting.key] = source


def load(path: Path | None, environment: Mapping[str, str]) -> Loaded:
    """The configuration from `path` (None: the first standard file that exists). Raises `ConfigError`."""
    path = path or next((p for p in standard_files(environment) if os.path.isfile(p)), None)
    places = (path,) if path else standard_files(environment)
    reading = _Reading(sources=dict.fromkeys(SETTINGS, "default"))
    if path:
        _read_file(path, reading)
    warnings = _read_environment(environment, reading)
    if reading.problems:
        raise ConfigError("\n".join(_some(reading.problems)))
    return Loaded(build(reading.values), path, reading.sources, tuple(warnings), tuple(p.absolute() for p in places))


def _some(problems: list[str]) -> list[str]:
    more = len(problems) - PROBLEMS
    return [*problems[:PROBLEMS], f"and {more} more"] if more > 0 else problems


def build(values: Mapping[str, Any]) -> Config:
    """The object with `values` by key on top of the defaults."""
    made: dict[str, Any] = {}
    for section, kind in SECTIONS.items():
        made[section] = kind(**{s.name: values[k] for k, s in SETTINGS.items() if s.section == section and k in values})
    return Config(**made)


def standard_files(environment: Mapping[str, str]) -> tuple[Path, Path]:
    """Where a configuration is looked for when none was named."""
    home = environment.get("XDG_CONFIG_HOME") or Path(environment.get("HOME", "/")) / ".config"
    return Path(home) / "error-aggregator" / "config.toml", SYSTEM_FILE


def _read_file(path: Path, reading: _Reading) -> None:
    try:
        text = decode(path, path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}): check the path and its mode") from None
    tables, lines = parse(path, text), lines_of(text)
    for key, value in _keys(tables):
        where = f"{path}:{line_of(lines, key)}"
        if setting := SETTINGS.get(key):
            reading.take(setting, value, where)
        else:
            reading.problems.append(f"{where}: {_unknown(key, value)}")


def _keys(tables: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every key with its value: two levels deep, where the settings are."""
    for section, content in tables.items():
        if section in SECTIONS and isinstance(content, dict):
            keys = cast("dict[str, Any]", content)
            yield from ((f"{section}.{name}", value) for name, value in keys.items())
        else:
            yield section, content


def _read_environment(environment: Mapping[str, str], reading: _Reading) -> list[str]:
    known = {setting.variable: setting for setting in SETTINGS.values()}
    warnings: list[str] = []
    for name, text in sorted(environment.items()):
        if setting := known.get(name):
            reading.take(setting, setting.kind.parse(text), name)
        elif name not in CLIENT_VARIABLES and name.startswith(
            tuple(f"AGGREGATOR_{section.upper()}_" for section in SECTIONS)
        ):
            warnings.append(f"{said(name)} is no setting and has no effect{_hint(name, known)}")
    return warnings


def _unknown(key: str, value: object) -> str:
    if SECRET_KEY.search(key) or looks_like_token(key) or looks_like_token(value):
        return f"{said(key)} is no setting, and {CREDENTIAL_REMEDY}"
    section = key.partition(".")[0]
    if section not in SECTIONS:
        return f"{said(key)} is no section: expected one of {', '.join(SECTIONS)}"
    if section == key:
        return f"{key} is {shown(value)}: expected a section, [{key}]"
    expected = ", ".join(s.name for s in SETTINGS.values() if s.section == section)
    return f"{said(key)} is no setting{suggestion(key) or f': expected one of {expected}'}"


def _hint(name: str, known: Mapping[str, Any]) -> str:
    near = get_close_matches(name, known, n=1, cutoff=0.8)
    return f": did you mean {near[0]}?" if near else ""
