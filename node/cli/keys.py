"""Secrets of the fleet that are files in the state directory: made once, mode 0600, never shown."""

import os
import secrets
from pathlib import Path

from node.cli.verb import Problem

MARKER_BYTES = 32


def make_marker_key(path: Path) -> bool:
    """The key that this fleet's markers are made with; returns whether it was made now. Raises `Problem`."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    except OSError as error:
        raise Problem(f"{path}: cannot be written ({error.strerror}): check the directory's owner") from None
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_bytes(MARKER_BYTES))
        file.flush()
        os.fsync(file.fileno())
    return True
