"""From file and environment to one frozen object, or to a list of all that is wrong with them.

Order, the later wins: defaults, the file, `AGGREGATOR_SECTION_KEY` from the environment. One file is read: the one that
was named, else the first that exists of `$XDG_CONFIG_HOME/error-aggregator/config.toml` and
`/etc/error-aggregator/config.toml`. Unknown keys and bad values are refused, all at once, each with file, line and what
was expected: a misspelled setting that is quietly ignored is worse than a node that does not start.
"""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

from aggregator.brief import brief
from aggregator.redact import redact_command, redact_text
from node.config.kinds import BadValue, looks_like_token, words
from node.config.sections import SECTIONS, SETTINGS, Config, Setting

CLIENT_VARIABLES = frozenset({"AGGREGATOR_LOG_LINES"})  # of aggregator.client, and looking like ours
PROBLEMS = 50  # that are told at once
SHOWN = 60  # characters of a value in a message
EARLIER: Mapping[str, str] = {  # what tools of before called it: ours
    "github_repo": "github.repository",
    "issue_labels": "filing.labels",
    "auto_create_issues": "filing.issues",
    "enabled": "filing.issues",
}
SYSTEM_FILE = Path("/etc/error-aggregator/config.toml")
CREDENTIAL_REMEDY = (
    "tokens are never kept in a file: remove it, revoke it if others could read it, and give the token as systemd "
    "credential, GITHUB_TOKEN, GH_TOKEN or through `gh auth login`"
)
HIDDEN = "(hidden)"  # stands for a secret where settings are shown
SECRET_KEY = re.compile(r"token|secret|passw|credential|private_?key|(^|[._])pat$", re.IGNORECASE)


class ConfigError(Exception):
    """The configuration is refused. The text has one line per problem: where, what, and what was expected."""


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


def shown(value: object) -> str:
    """A value as a message shows it: short, on one line, without secrets."""
    value = redacted(value)
    given = ascii(f'"{value}"' if isinstance(value, str) else words(value))[1:-1]
    return given if len(given) <= SHOWN else given[: SHOWN - 1] + "…"


def lines_of(text: str) -> dict[str, int]:
    """The line of each dotted key and section in TOML `text`; good enough for messages."""
    found: dict[str, int] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[+\s*([^\[\]]+?)\s*\]", line):
            section = _dotted(header[1])
            found.setdefault(section, number)
        elif pair := re.match(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""", line):
            found.setdefault(".".join(filter(None, (section, _dotted(pair[1])))), number)
    return found


def _read_file(path: Path, reading: _Reading) -> None:
    try:
        text = path.read_text(encoding="utf-8")
        tables = tomllib.loads(text)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}): check the path and its mode") from None
    except (ValueError, RecursionError) as error:  # beside its own, tomllib lets an integer's and the stack's limit out
        raise ConfigError(f"{path}: not TOML: {brief(error)}") from None
    lines = lines_of(text)
    for key, value in _keys(tables):
        where = f"{path}:{_line(lines, key)}"
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
            warnings.append(f"{name} is no setting and has no effect{_hint(name, known)}")
    return warnings


def _unknown(key: str, value: object) -> str:
    if SECRET_KEY.search(key) or looks_like_token(value):
        return f"{key} is no setting, and {CREDENTIAL_REMEDY}"
    section = key.partition(".")[0]
    if section not in SECTIONS:
        return f"{key} is no section: expected one of {', '.join(SECTIONS)}"
    if section == key:
        return f"{key} is {shown(value)}: expected a section, [{key}]"
    expected = ", ".join(s.name for s in SETTINGS.values() if s.section == section)
    return f"{key} is no setting{suggestion(key) or f': expected one of {expected}'}"


def suggestion(key: str) -> str:
    """`: did you mean …?` where something is spelt nearly so, or so in another section; else nothing."""
    key = key[:SHOWN]  # nothing of ours is as long
    name = key.rpartition(".")[2]
    by_name: dict[str, list[str]] = {}
    for setting in SETTINGS.values():
        by_name.setdefault(setting.name, []).append(setting.key)
    near = get_close_matches(key, SETTINGS, n=1, cutoff=0.8) or by_name.get(name) or [EARLIER.get(name, "")]
    if not near[0]:
        near = [each for found in get_close_matches(name, by_name, n=1, cutoff=0.8) for each in by_name[found]]
    return f": did you mean {' or '.join(near)}?" if near else ""


def _hint(name: str, known: Mapping[str, Any]) -> str:
    near = get_close_matches(name, known, n=1, cutoff=0.8)
    return f": did you mean {near[0]}?" if near else ""


def _line(lines: Mapping[str, int], key: str) -> int:
    """Of the key, of anything below it, or of its section."""
    below = (number for name, number in lines.items() if name.startswith(key + "."))
    return lines.get(key) or min(below, default=0) or lines.get(key.partition(".")[0], 1)


def _dotted(given: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in given.split("."))
