"""What a run of filing tells about whether this node may file at all, besides what it was about.

A node whose token was refused stops standing for election, so that another one files; who was seen to write stands
again. What GitHub says of one issue, or of one moment, says nothing about that.
"""

from collections.abc import Collection, Iterable, Mapping

from aggregator.filing.case import Outcome
from aggregator.reason import Reason

# What of filing's outcomes speaks about the token and the repository.
LASTING = frozenset(
    {
        Reason.BAD_CREDENTIALS,
        Reason.FORBIDDEN,
        Reason.REPOSITORY_MISSING,
        Reason.REPOSITORY_PUBLIC,
        Reason.ISSUES_OFF,
        Reason.CLAIM_REFUSED,
    }
)

EVERY = 300.0  # seconds between two looks; what was put right is known well before the next of two usual bundles
SOON = 30.0  # seconds between two looks at least, as all nodes may share one token; and while GitHub does not answer

WRITTEN = frozenset({Reason.CREATED, Reason.UPDATED, Reason.REOPENED})  # so the token can write there


def learnt(outcomes: Iterable[Outcome]) -> Mapping[str, Reason | None]:
    """By repository of which something was learnt: why it cannot be filed to from here, or None where it can.

    The last word counts: outcomes stand in the order in which they came about.
    """
    out: dict[str, Reason | None] = {}
    for each in outcomes:
        if each.reason in LASTING:
            out[each.repository] = each.reason
        elif each.reason in WRITTEN:
            out[each.repository] = None
    return out


def look_after(troubles: Collection[Reason], interval: float, in_vain: int = 0) -> float:
    """Seconds until GitHub is asked again whether this node may file. `interval`: between two bundles, in seconds.

    Trouble may end by itself: GitHub says for some seconds that issues are off, and every node hears it. So who may not
    file asks soon, and then ever more rarely, as often as it was asked `in_vain`; where bundles are frequent once a
    bundle. That is five looks more for each trouble that lasts, one call a repository each, and no more from then on.
    """
    if not troubles:
        return EVERY
    if Reason.GITHUB_AWAY in troubles:
        return SOON
    return min(EVERY, max(SOON, interval), SOON * 2.0 ** min(max(in_vain - 1, 0), 8))
