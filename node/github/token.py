"""Where the GitHub token comes from, and what kind it is.

The first source that has one is taken, and named, so that `status` and `doctor` can say which: a systemd credential,
`GITHUB_TOKEN`, `GH_TOKEN`, `gh auth token`, a GitHub App's key. Never a configuration file, the store or a peer. The
value is wrapped in a `Secret` from the moment it is read, so it cannot reach a log, a `repr` or an error by accident.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import trio

from node.config.secret import Secret

TOKEN_CREDENTIAL = "github-token"  # noqa: S105  # names of systemd credentials
APP_KEY_CREDENTIAL = "github-app-key"
VARIABLES = ("GITHUB_TOKEN", "GH_TOKEN")
GH_SECONDS = 5.0  # `gh` may wait for a keyring; the daemon's start must not
LONGEST_TOKEN = 4096  # characters; installation tokens have about 520
LONGEST_KEY = 32 * 1024  # bytes of a PEM file


class Kind(Enum):
    CLASSIC = "classic personal access token"
    FINE_GRAINED = "fine-grained personal access token"
    OAUTH = "OAuth token"
    USER_TO_SERVER = "GitHub App user-to-server token"
    INSTALLATION = "GitHub App installation token"
    APP = "GitHub App key"
    UNKNOWN = "token of an unknown kind"


PREFIXES = {
    "ghp_": Kind.CLASSIC,
    "github_pat_": Kind.FINE_GRAINED,
    "gho_": Kind.OAUTH,
    "ghu_": Kind.USER_TO_SERVER,
    "ghs_": Kind.INSTALLATION,
}


class BadToken(Exception):
    """A source has something that cannot be a token. The text names the source and the remedy, never the value."""


@dataclass(frozen=True)
class App:
    """A GitHub App as configured; without a key file its key is a systemd credential."""

    app_id: int
    installation_id: int
    key_file: Path | None = None


@dataclass(frozen=True)
class Token:
    source: str
    kind: Kind
    secret: Secret  # of an App: its private key
    app: App | None = None


async def find_token(environ: Mapping[str, str], app: App | None = None, host: str = "github.com") -> Token | None:
    """The first token there is; None where there is none. Raises BadToken, with the remedy, on one that cannot work."""
    token = from_credential(environ) or from_environment(environ) or await from_gh(environ, host)
    if token is None and app is not None:
        token = from_app(environ, app)
    return token


def from_credential(environ: Mapping[str, str]) -> Token | None:
    path = _credential(environ, TOKEN_CREDENTIAL)
    return _token(f"systemd credential {TOKEN_CREDENTIAL}", _read(path, LONGEST_TOKEN)) if path else None


def from_environment(environ: Mapping[str, str]) -> Token | None:
    found = ((name, environ.get(name, "")) for name in VARIABLES)
    return next((_token(f"environment variable {name}", text) for name, text in found if text.strip()), None)


async def from_gh(environ: Mapping[str, str], host: str) -> Token | None:
    """What `gh` is logged in with. Not installed, not logged in, too slow: None, as if there were no `gh`."""
    gh = shutil.which("gh", path=environ.get("PATH", os.defpath))
    if gh is None:
        return None
    command = [gh, "auth", "token", "--hostname", host]
    quiet = {**environ, "GH_PROMPT_DISABLED": "1"}
    with trio.move_on_after(GH_SECONDS):
        try:
            done = await trio.run_process(
                command, check=False, capture_stdout=True, stderr=subprocess.DEVNULL, env=quiet
            )
        except OSError:
            return None
        return _token("gh auth token", done.stdout.decode(errors="replace")) if done.returncode == 0 else None
    return None


def from_app(environ: Mapping[str, str], app: App) -> Token:
    path = app.key_file or _credential(environ, APP_KEY_CREDENTIAL)
    if path is None:
        raise BadToken(
            f"GitHub App {app.app_id} has no key: set github.app_key_file or the credential {APP_KEY_CREDENTIAL}"
        )
    if app.key_file is not None:
        _check_private(app.key_file)
    key = _read(path, LONGEST_KEY)
    if "PRIVATE KEY-----" not in key:
        raise BadToken(f"{path}: holds no PEM private key; download one from the settings page of the GitHub App")
    return Token(f"GitHub App key {path}", Kind.APP, Secret(key), app)


def kind_of(text: str) -> Kind:
    """What GitHub's prefix says."""
    return next((kind for prefix, kind in PREFIXES.items() if text.startswith(prefix)), Kind.UNKNOWN)


def _credential(environ: Mapping[str, str], name: str) -> Path | None:
    folder = environ.get("CREDENTIALS_DIRECTORY")
    path = Path(folder) / name if folder else None
    return path if path and path.is_file() else None


def _token(source: str, text: str) -> Token | None:
    value = text.strip()
    if not value:
        return None
    if len(value) > LONGEST_TOKEN or not value.isascii() or not value.isprintable() or " " in value:
        raise BadToken(f"{source}: that cannot be a token; write one line with the token and nothing else")
    return Token(source, kind_of(value), Secret(value))


def _read(path: Path, longest: int) -> str:
    try:
        with path.open("rb") as file:
            return file.read(longest + 1).decode(errors="replace")
    except OSError as error:
        raise BadToken(f"{path}: cannot be read ({error.strerror}); make it readable for this user") from None


def _check_private(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise BadToken(f"{path}: cannot be read ({error.strerror}); check github.app_key_file") from None
    if mode & 0o077:
        raise BadToken(f"{path}: others may read this key; run: chmod 600 {path}")
