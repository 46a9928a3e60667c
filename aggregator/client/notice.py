"""What the user of a dying program is told, once, on stderr: only when the node has the report."""

from __future__ import annotations

import contextlib
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aggregator.client.capture import Answer

WAIT_SECONDS = 0.2  # at most, and only where the program is ending anyway


def notice(answer: Answer) -> str:
    """The text: the issue where there is one, else that it is queued and under which name."""
    where = _inert(answer.issue) or f"queued as {_inert(answer.signature) or 'a new error'}"
    return (
        f"An error occurred and has been automatically reported: {where}\n"
        "The error aggregator will attempt to fix it where a fix is known.\n"
    )


def tell(answer: Answer) -> bool:
    """Wait a moment for the node's answer, print the notice if it accepted, and say whether it did."""
    if not answer.wait(WAIT_SECONDS):
        return False
    with contextlib.suppress(OSError, ValueError, AttributeError):  # stderr is closed, broken, or none at all
        sys.stderr.write(notice(answer))
        sys.stderr.flush()
    return True


def _inert(text: str) -> str:
    """Without what a terminal would obey."""
    return "".join(char for char in text if char.isprintable())
