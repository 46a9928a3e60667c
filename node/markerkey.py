"""The fleet's marker key: what proves that an issue is ours.

A file in the state directory, mode 0600, made once by the first node and given to the others with their invitation. It
is never rotated: the markers of all issues are made with it.
"""

import os
import secrets
from pathlib import Path

BYTES = 32
NAME = "marker.key"


class MarkerKeyError(Exception):
    """The key cannot be used; the text says why and what to do."""


def load_or_make(path: Path) -> bytes:
    """The key kept at `path`; made and written there if there is none. Raises `MarkerKeyError`."""
    try:
        mode, key = path.stat().st_mode, path.read_bytes()
    except FileNotFoundError:
        return _make(path)
    except OSError as error:
        raise MarkerKeyError(f"{path}: cannot be read ({error.strerror}): check its owner") from None
    if mode & 0o077:
        raise MarkerKeyError(f"{path}: others can read the marker key (mode {mode & 0o777:04o}): chmod 600 it")
    if len(key) != BYTES:
        raise MarkerKeyError(f"{path}: not a marker key: restore it from another node of the fleet")
    return key


def _make(path: Path) -> bytes:
    key = secrets.token_bytes(BYTES)
    write(path, key)
    return key


def write(path: Path, key: bytes) -> None:
    """Keep this key, the fleet's. Written under a temporary name first: a crash leaves a whole key or none.

    Raises `MarkerKeyError`.
    """
    new = path.with_name(path.name + ".new")
    try:
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        new.rename(path)
    except OSError as error:
        remedy = "check the directory's owner and space"
        raise MarkerKeyError(f"{path}: cannot be written ({error.strerror}): {remedy}") from None
