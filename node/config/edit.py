"""Change one key of the file and nothing else: comments, order and blank lines stay.

The value is checked before anything is written, and the new file replaces the old one in one step, so that a crash
leaves either. A new file has mode 0600; an existing one keeps its own.
"""

import contextlib
import os
import tempfile
from pathlib import Path
from typing import Any, cast

import tomlkit
from tomlkit.exceptions import TOMLKitError

from aggregator.brief import brief
from node.config.file import CREDENTIAL_REMEDY, HIDDEN, ConfigError, redacted, shown, suggestion
from node.config.kinds import BadValue, looks_like_token
from node.config.sections import SETTINGS, Setting


def set_value(path: Path, key: str, value: object) -> None:
    """Set `key` in the file at `path` to `value` (text is read as on the command line). Raises `ConfigError`."""
    plain = plain_value(key, value)
    document = _document(path)
    setting = SETTINGS[key]
    tables = cast("dict[str, Any]", document)
    table = tables.setdefault(setting.section, tomlkit.table())
    if not isinstance(table, dict):
        raise ConfigError(f"{path}: {setting.section} is {shown(table)}: expected a section, [{setting.section}]")
    cast("dict[str, Any]", table)[setting.name] = plain
    replace(path, tomlkit.dumps(document))  # pyright: ignore[reportUnknownMemberType]  # tomlkit's mapping is untyped


def plain_value(key: str, value: object) -> object:
    """`value` as TOML holds it. Raises `ConfigError` when the key is unknown or the value is not of its kind."""
    setting = known(key)
    if looks_like_token(value):
        raise ConfigError(f"{key}: {CREDENTIAL_REMEDY}")
    given = setting.kind.parse(value) if isinstance(value, str) else value
    try:
        return setting.kind.write(setting.kind.read(given))
    except BadValue:
        raise ConfigError(f"{key} is {shown(displayed(key, value))}: expected {setting.kind.expected}") from None


def displayed(key: str, value: object) -> object:
    """`value` as it may be shown: a secret only as that there is one, and none that stands in it."""
    return HIDDEN if value and key in SETTINGS and SETTINGS[key].kind.secret else redacted(value)


def known(key: str) -> Setting:
    """The setting called `key`. Raises `ConfigError`."""
    if key not in SETTINGS:
        raise ConfigError(f"{key} is no setting{suggestion(key) or ': `aggregator config show` lists them all'}")
    return SETTINGS[key]


def replace(path: Path, text: str) -> None:
    """Write `text` to `path` in one step. Raises `ConfigError`; then the old file stands."""
    try:
        _replace(path, text)
    except OSError as error:
        remedy = "check the owner and mode of its directory, and whether there is room"
        raise ConfigError(f"{path}: cannot be written ({error.strerror}): {remedy}") from None


def _replace(path: Path, text: str) -> None:
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def _document(path: Path) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return tomlkit.document()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from None
    except (TOMLKitError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: not TOML: {brief(error)}") from None
