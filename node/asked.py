"""What another node asks: who is no member, and what is no question, are counted and get an empty answer.

So the handlers of all protocols begin with the same promise.
"""

from collections import Counter
from typing import Protocol, TypeVar

import msgspec

from aggregator.reason import Reason
from aggregator.unreadable import UNREADABLE

Question = TypeVar("Question")

NO_ANSWER = b""


class Members(Protocol):
    def why_not(self, peer: str) -> Reason | None:
        """Why this peer's word does not count; None: it is a member."""
        ...


def question_of(
    peer: str, request: bytes, decoder: msgspec.msgpack.Decoder[Question], members: Members, counts: Counter[str]
) -> Question | None:
    """What a member asks; None: it is to get `NO_ANSWER`, and `counts` has it as `refused` or `malformed`."""
    if members.why_not(peer) is not None:
        counts["refused"] += 1
        return None
    try:
        return decoder.decode(request)
    except UNREADABLE:
        counts["malformed"] += 1
        return None
