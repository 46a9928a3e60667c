"""Programs without root's powers, so that a directory that may not be written is not written whoever runs the tests."""

import os
from collections.abc import Sequence


def without_powers(command: Sequence[str]) -> list[str]:
    """`command`, run so that owners and modes count for it. As root it stays user 0 and loses every capability."""
    return ["setpriv", "--bounding-set", "-all", *command] if os.geteuid() == 0 else list(command)


def as_another(command: Sequence[str]) -> list[str]:
    """`command`, run as a user who owns nothing. Only for root."""
    return ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", *command]
