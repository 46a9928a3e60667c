"""The one way of text out of this process: encodable, without secrets, home directories as `~`."""

from __future__ import annotations

import os

from aggregator.client.text import clean
from aggregator.redact import home_to_tilde, redact_lines, redact_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def private(text: str) -> str:
    """`text` as it may leave. Cut it afterwards, not before: half a secret matches no pattern."""
    return tilde(redact_text(clean(text)))


def private_lines(lines: Sequence[str]) -> list[str]:
    """Lines as they may leave, also those of a key that runs over several of them."""
    return [tilde(line) for line in redact_lines([clean(line) for line in lines])]


def tilde(text: str) -> str:
    """`text` with `~` for home directories, the user's own wherever it is."""
    return home_to_tilde(text, os.environ.get("HOME", ""))
