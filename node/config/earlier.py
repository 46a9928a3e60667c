"""Settings of the tools that people used before this one, in this one's own terms.

Three kinds are understood: variables of the environment, a JSON file, a YAML file. What has a counterpart becomes a
value by key, still unchecked; everything else is named with the reason why it is left out, so that nothing gets lost
without a word. A token never becomes a value, and is never shown.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import AliasEvent

from aggregator.notification.event import FILED, FIRST, KINDS, REGRESSION
from node.config.file import SECRET_KEY
from node.config.kinds import boolean, looks_like_token
from node.config.words import CREDENTIAL_REMEDY, ConfigError, said

FILE_BYTES = 1024 * 1024
Take = Callable[[Any], Mapping[str, object]]  # from a value to values by key of ours

NOT_YET = "nothing corresponds to it in this version"
VARIABLES: Mapping[str, str] = {  # the later one of two that mean the same wins
    "IPFS_KIT_AUTO_HEAL": "filing.issues",
    "IPFS_AUTO_ISSUE": "filing.issues",
    "IPFS_AUTO_PR": "filing.pull_requests",
    "IPFS_AUTO_HEAL": "healing.assign_copilot",
    "GITHUB_REPOSITORY": "github.repository",
    "IPFS_REPO": "github.repository",
}
LEFT_OUT: Mapping[str, str] = {
    "min_confidence": NOT_YET,
    "excluded_workflows": NOT_YET,
    "error_patterns": NOT_YET,
    "pr_settings.create_draft": "a pull request of this program is always a draft",
    "pr_settings.add_labels": NOT_YET,
    "notifications.on_fix_completed": NOT_YET,
}
TOLD: Mapping[str, tuple[str, ...]] = {  # under `notifications`: what that tells here
    "on_failure_detected": (FIRST, REGRESSION),
    "on_pr_created": (FILED,),
}
TOKENS = ("GITHUB_TOKEN", "GH_TOKEN")
BESIDE = (
    "rate_limits",
    "pr_settings",
    "issue_settings",
    "notifications",
    *LEFT_OUT,
)  # stand below auto_healing, or beside it


@dataclass
class Found:
    """What was found, in the order in which it was."""

    values: dict[str, object] = field(default_factory=dict[str, object])  # by our key
    sources: dict[str, str] = field(default_factory=dict[str, str])  # by our key: what it was called
    left_out: dict[str, str] = field(default_factory=dict[str, str])  # by its name: why

    def take(self, name: str, values: Mapping[str, object]) -> None:
        for key, value in values.items():
            self.values[key], self.sources[key] = value, name

    def update(self, later: "Found") -> None:
        """What `later` has wins."""
        self.values |= later.values
        self.sources |= later.sources
        self.left_out |= later.left_out


def from_environment(environment: Mapping[str, str]) -> Found:
    """The variables of earlier tools."""
    found = Found()
    for name, key in VARIABLES.items():
        if environment.get(name, "").strip():
            found.take(name, {key: environment[name].strip()})
    for name in TOKENS:
        if environment.get(name):
            found.left_out[name] = "it is used as it is, from the environment of the node; a token is never stored"
    return found


def from_file(path: Path) -> Found:
    """The JSON or the YAML file of an earlier tool. Raises `ConfigError`."""
    plain = _read(path)
    unwrapped = plain.get("auto_healing", plain)
    if "auto_healing" in plain or any(name in plain for name in BESIDE):
        if not isinstance(unwrapped, dict):
            raise ConfigError(f"{path}: auto_healing: expected settings below it")
        return _from_workflow(plain, _named(cast("dict[Any, Any]", unwrapped)))
    return _from_command_line(plain)


def _from_command_line(plain: Mapping[str, Any]) -> Found:
    """{enabled, github_repo, max_log_lines, include_stack_trace, auto_create_issues, issue_labels}"""
    found = Found()
    take: Mapping[str, Take] = {
        "enabled": lambda value: {"filing.issues": _both(value, plain.get("auto_create_issues", True))},
        "auto_create_issues": lambda value: {"filing.issues": _both(value, plain.get("enabled", False))},
        "github_repo": lambda value: {"github.repository": value},
        "max_log_lines": lambda value: {"client.max_log_lines": value},
        "include_stack_trace": lambda value: {"client.include_stack_trace": value, "filing.stack_trace": value},
        "issue_labels": lambda value: {"filing.labels": value},
    }
    for name, value in plain.items():
        _sort_in(found, name, value, take.get(name))
    return found


def _from_workflow(plain: Mapping[str, Any], inner: Mapping[str, Any]) -> Found:
    """Settings of the workflow that mended workflows; below `auto_healing`, or beside it."""
    found, beside = Found(), {name: value for name, value in plain.items() if name != "auto_healing"}
    settings = dict(_flat(beside)) | dict(_flat(inner))
    enabled = settings.get("enabled", False)
    take: Mapping[str, Take] = {
        "enabled": lambda value: {
            "filing.issues": _both(value, settings.get("issue_settings.create_issue", True)),
            "filing.pull_requests": value,
        },
        "issue_settings.create_issue": lambda value: {"filing.issues": _both(value, enabled)},
        "issue_settings.add_labels": lambda value: {"filing.labels": value},
        "rate_limits.max_prs_per_hour": lambda value: {"filing.pulls_per_hour": value},
        "rate_limits.max_issues_per_hour": lambda value: {"filing.issues_per_hour": value},
        "pr_settings.auto_assign_copilot": lambda value: {"healing.assign_copilot": value},
        **{f"notifications.{name}": lambda _value: {"notify.events": _events(settings)} for name in TOLD},
    }
    for name, value in settings.items():
        _sort_in(found, name, value, take.get(name))
    return found


def _events(settings: Mapping[str, Any]) -> object:
    """All that is told, but what was switched off; a switch that says neither yes nor no, which is refused later."""
    off: set[str] = set()
    for name, kinds in TOLD.items():
        value = settings.get(f"notifications.{name}", True)
        on = boolean().parse(value) if isinstance(value, str) else value
        if not isinstance(on, bool):
            return [str(value)]
        off |= set() if on else set(kinds)
    return [kind for kind in KINDS if kind not in off]


def _sort_in(found: Found, name: str, value: object, take: Take | None) -> None:
    if looks_like_token(name) or looks_like_token(value) or SECRET_KEY.search(name):
        found.left_out[said(name)] = CREDENTIAL_REMEDY
    elif take is None:
        found.left_out[said(name)] = LEFT_OUT.get(name, NOT_YET)
    elif value is not None:
        found.take(name, take(value))


def _flat(settings: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The groups that are known, opened: `rate_limits.max_prs_per_hour`."""
    for name, value in settings.items():
        if name in LEFT_OUT or not isinstance(value, dict):
            yield name, value
        else:
            yield from ((f"{name}.{inner}", each) for inner, each in cast("dict[str, Any]", value).items())


def _both(one: object, other: object) -> object:
    """Whether both say yes; where one says neither yes nor no, that one, which is refused later."""
    yes = [boolean().parse(each) if isinstance(each, str) else each for each in (one, other)]
    return next((each for each in yes if not isinstance(each, bool)), all(yes))


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            text = file.read(FILE_BYTES + 1)
        plain = _parse(text[:FILE_BYTES].decode()) if len(text) <= FILE_BYTES else None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}): check the path and its mode") from None
    except (YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: neither JSON nor YAML: {said(' '.join(str(error).split()))}") from None
    if not isinstance(plain, dict):
        raise ConfigError(f"{path}: expected a map of settings, of at most {FILE_BYTES} bytes")
    return _named(cast("dict[Any, Any]", plain))


def _named(plain: Mapping[Any, Any]) -> dict[str, Any]:
    """YAML's keys may be anything."""
    return {str(name): value for name, value in plain.items()}


def _parse(text: str) -> object:
    if text.lstrip().startswith("{"):
        return json.loads(text)
    yaml = cast("Any", YAML(typ="safe", pure=True))
    if any(isinstance(event, AliasEvent) for event in yaml.parse(text)):
        raise ValueError("it refers to parts of itself (*name): write them out")  # a few lines could mean gigabytes
    return yaml.load(text)
