"""Secrets that are known by where they stand: the environment, a command line, a home directory."""

import re
from collections.abc import Iterable, Mapping, Sequence

from aggregator.redact.lazily import lazily
from aggregator.redact.names import sensitive, sensitive_variable
from aggregator.redact.shapes import REDACTED

# What explains a crash and says nothing about a person. A name ends with `*` when what begins so is meant.
ALLOWED = (
    "PATH",
    "PWD",
    "LANG",
    "LC_*",
    "TZ",
    "TERM",
    "SHELL",
    "VIRTUAL_ENV",
    "CONDA_DEFAULT_ENV",
    "CONDA_PREFIX",
    "PYTHON*",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "DYLD_LIBRARY_PATH",
    "OMP_NUM_THREADS",
    "CUDA_VISIBLE_DEVICES",
    "NVIDIA_VISIBLE_DEVICES",
    "TMPDIR",
    "XDG_RUNTIME_DIR",
    "CI",
    "GITHUB_ACTIONS",
    "GITHUB_WORKFLOW",
    "GITHUB_RUN_ID",
    "GITHUB_SHA",
    "GITHUB_REF",
    "KUBERNETES_SERVICE_HOST",
    "AGGREGATOR_*",
)

# A directory of that shape is somebody's home only at the start of a path.
_HOME = lazily(
    r"(?<![\w.~\-])(?:(?:/var|/usr)?/home/[^/\s:\"'<>|,;)]++|/Users/[^/\s:\"'<>|,;)]++|/root(?![\w.\-])"
    r"|[A-Za-z]:(?:\\{1,2}|/)(?:Users|Documents and Settings)(?:\\{1,2}|/)"
    r"(?:[^\\/:*?\"<>|\r\n]{1,64}(?=[\\/])|[^\\/\s:*?\"'<>|,;)]++))"
)
_ASSIGNS = lazily(r"-{0,2}[A-Za-z_][\w.\-]{0,100}=.")


def home_to_tilde(text: str, home: str = "") -> str:
    """`text` with `~` for every home directory: the usual places of all systems, and `home`."""
    if len(home) > 1:
        text = re.sub(rf"{re.escape(home.rstrip('/'))}(?![\w.\-])", "~", text)
    return _HOME().sub("~", text)


def chosen_variables(env: Mapping[str, str], allow: Iterable[str]) -> dict[str, str]:
    """The variables of `env` that `allow` names, without the sensitive ones, whatever `allow` says."""
    exact = {name for name in allow if not name.endswith("*")}
    prefixes = tuple(name[:-1] for name in allow if name.endswith("*"))
    return {
        name: value
        for name, value in env.items()
        if (name in exact or (prefixes and name.startswith(prefixes))) and not sensitive_variable(name)
    }


def hide_arguments(argv: Sequence[str]) -> list[str]:
    """`argv` with the argument after a sensitive option, and a glued or `-p` password, hidden."""
    hidden = list(argv)
    program = _program(argv)
    for i, argument in enumerate(argv):
        if i and _takes_secret(argv[i - 1], program) and not (argument.startswith("-") and len(argument) < 3):
            hidden[i] = _hide_value(argv[i - 1], argument)
        elif program.startswith(("mysql", "mariadb")) and argument.startswith("-p") and len(argument) > 2:
            hidden[i] = "-p" + REDACTED
        elif _ASSIGNS().match(argument) and sensitive(argument.partition("=")[0].lstrip("-")):
            hidden[i] = argument.partition("=")[0] + "=" + REDACTED
    return hidden


def _program(argv: Sequence[str]) -> str:
    return re.split(r"[/\\]", argv[0])[-1].lower() if argv else ""


def _takes_secret(option: str, program: str) -> bool:
    if not option.startswith("-") or "=" in option:
        return False
    if option in ("-u", "--user", "--proxy-user"):
        return program in ("curl", "wget", "http", "https")
    if option == "-p":
        return program in ("sshpass", "docker", "podman", "helm", "ldapsearch", "smbclient")
    return sensitive(option.lstrip("-")) or option.lstrip("-").lower() == "pass"


def _hide_value(option: str, argument: str) -> str:
    if option in ("-u", "--user", "--proxy-user"):
        user, colon, _ = argument.partition(":")
        return f"{user}:{REDACTED}" if colon else argument
    return REDACTED
