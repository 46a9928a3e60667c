"""What a node that does not keep a repository's counts asks one of the keepers, for who looks at them.

    who is asked  ── Question: the errors of acme/app      ──▶ keeper
                  ◀── Answered: rows, the worst first ───────

The rows are those of the control socket, whose form the domain does not know: here they are bytes.
"""

from collections.abc import Iterable
from typing import Annotated, Literal

import msgspec

ROWS_BYTES = 768 * 1024  # of all rows of one answer; it has to fit into a frame of 1 MiB

About = Literal["errors", "show", "bundles", "issues"]


class Question(msgspec.Struct, frozen=True):
    about: About
    repository: Annotated[str, msgspec.Meta(max_length=256)]  # lower case; empty: what is routed nowhere
    name: Annotated[str, msgspec.Meta(max_length=128)] = ""  # of `show`: a signature, or its beginning


class Answered(msgspec.Struct, frozen=True):
    keeps: bool  # whether who answers has all counts of that repository; else the rows are of no use
    rows: list[msgspec.Raw] = []
    left_out: Annotated[int, msgspec.Meta(ge=0)] = 0  # rows that found no room


def answered(rows: Iterable[object]) -> Answered:
    """The first rows that fit into one answer, and how many did not."""
    taken: list[msgspec.Raw] = []
    size = left_out = 0
    for row in rows:
        data = msgspec.msgpack.encode(row)
        if left_out or size + len(data) > ROWS_BYTES:
            left_out += 1
            continue
        size += len(data)
        taken.append(msgspec.Raw(data))
    return Answered(True, taken, left_out)
