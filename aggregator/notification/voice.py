"""Which one of the fleet tells.

What was done is told by the node that did it. What several nodes see alike (a new error, a cap) or suffer alike (a
token that was revoked) is told by the first in rank among those that tell anything at all: every node computes the same
one from the same presences, and nobody asks. Where two do not agree on who is there, both tell; where the one that was
to tell dies just then, nobody does.
"""

from collections.abc import Collection, Mapping

from aggregator.election import ranked
from aggregator.message import Presence
from aggregator.reason import Reason


def speaks(me: str, repository: str, others: Collection[str]) -> bool:
    """Whether `me` is the first in rank for `repository` among it and `others`, all of which tell."""
    return ranked(repository, {me, *others})[0] == me


def speaks_of_new(me: str, root: str, repository: str, origins: Collection[str], tellers: Collection[str]) -> bool:
    """Who tells of a new error: the first in rank for its repository; without one, a node that it occurred on."""
    if repository:
        return speaks(me, repository, tellers)
    among = {me, *tellers} & set(origins) or {me, *tellers}
    return me in among and speaks(me, root, among)


def speaks_of_trouble(
    me: str, repository: str, reason: str, candidates: Collection[str], presences: Mapping[str, Presence]
) -> bool:
    """Who tells why something is not filed. `presences`: of the others that tell; `candidates`: all there are.

    That there is no token matters only where no other node files; else the candidates meet the same trouble in turn, or
    those that are none for this reason share it.
    """
    if reason == Reason.NO_TOKEN.name and candidates:
        return False
    others = set(sharing(repository, reason, presences))
    if me in candidates:
        others |= presences.keys() & set(candidates)
    return speaks(me, repository, others)


def sharing(repository: str, reason: str, presences: Mapping[str, Presence]) -> list[str]:
    """Of the nodes that tell, those that say of themselves that the same keeps them from filing there."""
    return [
        peer
        for peer, said in presences.items()
        if any(name.lower() == repository.lower() and why == reason for name, why in said.refused.items())
    ]
