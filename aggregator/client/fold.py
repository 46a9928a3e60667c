"""Under a storm equal errors become one record that stands for many: a storm costs what one error costs.

Only what the sender finds waiting beyond `ABOVE` is folded. Two captures are equal when everything that was taken
from them is, save time, thread and log lines; one with a context of its own, or that somebody waits for, stays alone.
"""

from __future__ import annotations

from aggregator import limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable

    from aggregator.client.capture import Capture
    from aggregator.client.snapshot import Taken

ABOVE = 128  # waiting records; a quarter of the queue


def fold(captures: list[Capture]) -> list[Capture]:
    """`captures` in order, equal ones as the first of them with the sum of the counts."""
    if len(captures) <= ABOVE:
        return captures
    first: dict[Hashable, Capture] = {}
    folded: list[Capture] = []
    for capture in captures:
        same = first.setdefault(key(capture) or id(capture), capture)
        if same is capture or same.count + capture.count > limits.COUNT:
            folded.append(capture)
        else:
            same.count += capture.count
    return folded


def key(capture: Capture) -> Hashable:
    """What equal captures have in common, for as long as one of them lives; None: it has no equals."""
    if capture.context or capture.answer is not None or capture.fingerprint:
        return None
    chain = tuple(_taken(taken) for taken in capture.chain)
    options = (capture.severity, capture.service, capture.release, capture.handled, capture.ended)
    return capture.type, capture.message, chain, options


def _taken(taken: Taken) -> Hashable:
    frames = tuple((id(code), line) for code, line, _ in taken.frames)
    return taken.type, taken.message, taken.link, taken.parent, frames
