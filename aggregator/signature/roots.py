"""What one issue is about.

A missing module or command breaks a program in as many places as use it, and one installation mends them all: so the
name of what is missing makes the root, wherever it was missed. For everything else the root is the signature. The
root is a function of the record alone, so the nodes need not agree on anything to name it alike.
"""

import re
from collections.abc import Iterable
from hashlib import blake2b
from typing import NamedTuple

from aggregator.record import Frame

_MODULE = re.compile(r"No module named ['\"]?(?P<name>[A-Za-z_][\w.\-]{0,200})['\"]?")
_NODE_MODULE = re.compile(r"Cannot find (?:module|package) ['\"](?P<name>(?:@[\w.\-]{1,100}/)?[A-Za-z][\w.\-]{0,200})")
_COMMANDS = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?:^|[:\s])(?P<name>[\w.+\-]{1,100}): (?:[Cc]ommand )?not found\s*(?:$|\n)",
        r"[Cc]ommand not found: ['\"]?(?P<name>[\w.+\-/]{1,200})",
        r"Unknown command:? ['\"]?(?P<name>[\w.+\-]{1,100})['\"]?$",
        r"env: ['\"\u2018]?(?P<name>[\w.+\-]{1,100})['\"\u2019]?: No such file or directory",
        r"['\"](?P<name>[\w.+\-/\\: ]{1,200})['\"] is not recognized as an internal or external command",
        r"The term ['\"](?P<name>[\w.+\-]{1,100})['\"] is not recognized as",
        r"exec:? ['\"](?P<name>[\w.+\-/]{1,200})['\"]: executable file not found",
        r"[Ee]xecutable (?:file )?(?:not found)?:? ?['\"](?P<name>[\w.+\-/]{1,200})['\"](?: (?:was )?not found)?$",
        r"^(?:failed to execute|could not find(?: the)? executable|executable not found:?) "
        r"[\[(]?(?:Posix|Windows)?(?:Path)?\(?['\"](?P<name>[\w.+\-/]{1,200})['\"]",
        r"^Cmd\(['\"](?P<name>[\w.+\-/]{1,200})['\"]\) not found",
    )
)
_NO_FILE = re.compile(r"\[Errno 2\] No such file or directory: b?['\"](?P<name>[^'\"]{1,200})['\"]")
_EXECUTABLE_SUFFIX = re.compile(r"\.(?:exe|cmd|bat|com)$", re.IGNORECASE)
_STARTS_PROCESSES = frozenset(
    {"_execute_child", "posix_spawn", "_posix_spawn", "_fork_exec", "create_subprocess_exec", "open_process"}
)
_IMPORTS = frozenset({"ModuleNotFoundError", "ImportError"})
_READ = 2_000  # characters of a message


class Missing(NamedTuple):
    kind: str  # "module" or "command"
    name: str

    @property
    def root(self) -> str:
        digest = blake2b(f"{self.kind}\0{self.name}".encode(errors="replace"), digest_size=16).hexdigest()
        return f"m1-{digest}"


def missing(type_name: str, message: str, frames: Iterable[Frame]) -> Missing | None:
    """What this exception says is not installed, or None if it says something else."""
    message = message[:_READ]
    found = _missing_module(type_name, message) or _missing_command(message)
    return found or _missing_executable(type_name, message, frames)


def _missing_module(type_name: str, message: str) -> Missing | None:
    if "No module named" in message and (
        type_name.rpartition(".")[2] in _IMPORTS or _reported(message, "No module named")
    ):
        found = _MODULE.search(message)
        return Missing("module", found["name"].partition(".")[0]) if found else None
    if "Cannot find" in message:
        found = _NODE_MODULE.match(message.removeprefix("Error: "))
        return Missing("module", found["name"]) if found else None
    return None


def _reported(message: str, words: str) -> bool:
    """Whether an interpreter said so: at the start, or after its own name or the type of the error."""
    return bool(re.search(rf"(?:^|\n|ModuleNotFoundError: |ImportError: |python[\d.]*(?:\.exe)?: ){words}", message))


def _missing_command(message: str) -> Missing | None:
    if not any(word in message for word in ("ound", "recognized", "No such file", "Unknown command", "execut")):
        return None
    for pattern in _COMMANDS:
        found = pattern.search(message)
        if found:
            return Missing("command", _command(found["name"]))
    return None


def _missing_executable(type_name: str, message: str, frames: Iterable[Frame]) -> Missing | None:
    """A program that cannot be started looks like a file that cannot be opened, but for the function that did it."""
    if type_name.rpartition(".")[2] != "FileNotFoundError":
        return None
    found = _NO_FILE.search(message)
    if not found or not any(frame.function.rpartition(".")[2] in _STARTS_PROCESSES for frame in frames):
        return None
    name = found["name"]
    if "/" in name and not re.search(r"(?:^|/)s?bin/[^/]+$", name):
        return None  # more likely the working directory of the new process
    return Missing("command", _command(name))


def _command(name: str) -> str:
    return _EXECUTABLE_SUFFIX.sub("", re.split(r"[/\\]", name.strip())[-1])
