"""Change one key of the file and nothing else: comments, order and blank lines stay.

The value is checked before anything is written, and the new file replaces the old one in one step, so that a crash
leaves either. A new file has mode 0600; an existing one keeps its own. Where the file is a link, what it names is
replaced. What stands under a name in a table has a key of its own (`key.py`); the first such entry takes along what
holds by default, which the table replaces.
"""

import contextlib
import os
import tempfile
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any, cast

import tomlkit
from tomlkit.exceptions import TOMLKitError

from node.config.key import Key, known
from node.config.kinds import BadValue, looks_like_token
from node.config.sections import SETTINGS
from node.config.toml import decode, parse
from node.config.words import CREDENTIAL_REMEDY, HIDDEN, ConfigError, redacted, said, shown


def set_value(path: Path, key: str, value: object) -> None:
    """Set `key` in the file at `path` to `value` (text is read as on the command line). Raises `ConfigError`."""
    plain, found = plain_value(key, value), known(key)
    document = _document(path)
    _table(path, document, found)[found.path[-1]] = plain
    text = tomlkit.dumps(document)  # pyright: ignore[reportUnknownMemberType]  # tomlkit's mapping is untyped
    if _at(parse(path, text), found.path) != plain:
        raise ConfigError(f"{path}: {key} cannot be set beside the keys with dots that stand there: edit it by hand")
    replace(path, text)


def plain_value(key: str, value: object) -> object:
    """`value` as TOML holds it. Raises `ConfigError` when the key is unknown or the value is not of its kind."""
    found = known(key)
    if looks_like_token(key) or looks_like_token(value):
        raise ConfigError(f"{said(key)}: {CREDENTIAL_REMEDY}")
    given = found.kind.parse(value) if isinstance(value, str) else value
    try:
        plain = found.kind.write(found.kind.read(given))
    except BadValue:
        raise ConfigError(f"{said(key)} is {shown(displayed(key, value))}: expected {found.kind.expected}") from None
    try:
        found.setting.kind.read(found.nested(plain))
    except BadValue:
        raise ConfigError(
            f"{said(key)} is no setting: {found.setting.key} holds {found.setting.kind.expected}"
        ) from None
    return plain


def displayed(key: str, value: object) -> object:
    """`value` as it may be shown: a secret only as that there is one, and none that stands in it."""
    return HIDDEN if value and key in SETTINGS and SETTINGS[key].kind.secret else redacted(value)


def replace(path: Path, text: str) -> None:
    """Write `text` to `path` in one step. Raises `ConfigError`; then the old file stands."""
    try:
        _replace(path, text)
    except OSError as error:
        remedy = "check the owner and mode of its directory, and whether there is room"
        raise ConfigError(f"{path}: cannot be written ({error.strerror}): {remedy}") from None


def _replace(path: Path, text: str) -> None:
    path = Path(os.path.realpath(path))  # where a link leads to; the link stays
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


def _table(path: Path, document: tomlkit.TOMLDocument, found: Key) -> MutableMapping[str, Any]:
    """Where the value stands, or will; what is missing above it is made. Raises `ConfigError`."""
    table = cast("MutableMapping[str, Any]", document)
    above = found.path[:-1]
    for depth, name in enumerate(above, 1):
        if name not in table:  # a plain dict is written as what it is put into is: as a section, or in its one line
            table[name] = found.setting.kind.write(found.setting.default) if depth == 2 else {}
        inner: object = table[name]
        if not isinstance(inner, dict):
            place = ".".join(above[:depth])
            raise ConfigError(f"{path}: {place} is {shown(inner)}: expected a section, [{place}]")
        table = cast("MutableMapping[str, Any]", inner)
    return table


def _at(tables: object, path: tuple[str, ...]) -> object:
    for name in path:
        tables = cast("dict[str, object]", tables).get(name) if isinstance(tables, dict) else None
    return tables


def _document(path: Path) -> tomlkit.TOMLDocument:
    try:
        text = decode(path, path.read_bytes())
    except FileNotFoundError:
        return tomlkit.document()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}): check the path and its mode") from None
    parse(path, text)  # says more of what is wrong
    try:
        return tomlkit.parse(text)
    except (TOMLKitError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: not TOML: {said(str(error))}") from None
