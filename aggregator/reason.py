"""Why something is as it is. Every decision returns one of these; log, CLI, dashboard and tests show its text."""

from enum import Enum


class Reason(Enum):
    """`name` is stable and goes into JSON and metrics; `value` is what a person reads."""

    # what is due
    BELOW_THRESHOLD = "has not occurred often enough yet"
    DUE = "occurred often enough; will be filed at the next bundle"
    OVERFLOW = "counts what found no room in a window; never filed"
    MUTED = "muted by an operator"
    DROPPED = "dropped by an operator"
    NO_ROUTE = "no repository is configured for its service"
    FILING_OFF = "filing is not enabled (aggregator enable)"
    # who and when
    NOT_ELECTED = "another node files for this repository"
    NOT_A_KEEPER = "this node does not keep the counts of this repository; its keepers file"
    COPIED = "another machine runs with this node's key: its state directory was copied"
    NOT_SETTLED = "this node has not yet heard from its peers"
    CAP_REACHED = "the cap on new issues is reached; the worst go first"
    RATE_LIMITED = "GitHub asked us to wait"
    GITHUB_AWAY = "GitHub does not answer"
    OUT_OF_TIME = "the claim was won too long ago to create safely; it was given back"
    # the claim
    CLAIMED_BY_OTHER = "another process holds the claim and is at work"
    OUTCOME_UNKNOWN = "an answer was lost: waiting until it is certain that no issue was created"
    CLAIM_UNREADABLE = "its claim on GitHub is not one of ours; remove the ref by hand"
    CLAIM_REFUSED = "GitHub refused the claim"
    # what was done
    CREATED = "an issue was created"
    FOUND = "an issue of ours was found"
    UNCONFIRMED = "the book names an issue that GitHub does not know for it; looked at again before it is filed anew"
    REFILED = "GitHub does not know the issue that the book named: it is filed anew"
    UPDATED = "the issue's status was updated"
    UP_TO_DATE = "the issue says what there is to say"
    REOPENED = "it occurred again: the issue was reopened"
    LINKED = "it occurred again: a new issue was created and linked"
    COMMENTED = "it occurred again: the closed issue got a comment"
    CLOSED_QUIET = "the issue is closed and the error has not occurred since"
    FLAPPING = "it was reopened too often; left to a human"
    ADOPTED = "somebody had reported it already; their issue got the counts"
    # never again
    NOT_PLANNED = "closed as not planned by someone who may decide that"
    GONE = "its issue was deleted; an operator may refile it"
    MISSING = "GitHub does not show its issue; believed to be deleted when that stays so"
    TRANSFERRED = "its issue was moved to a repository that this fleet does not file to"
    DUPLICATE_LOST = "closed as a duplicate of an issue that cannot be found; left to a human"
    # GitHub's refusals
    BAD_CREDENTIALS = "GitHub does not accept the token"
    FORBIDDEN = "the token may not do this"
    REPOSITORY_MISSING = "the repository does not exist, or the token cannot see it"
    REPOSITORY_PUBLIC = "the repository is public and was not allowed by name"
    ISSUES_OFF = "the repository has issues disabled"
    REJECTED = "GitHub rejected the request"
    NO_TOKEN = "no GitHub token was found"  # noqa: S105  # a text about tokens
    LOCKED = "the issue is locked; it cannot be commented on"
    # membership
    NOT_A_MEMBER = "has not shown that it is a member of this fleet"
    OTHER_FLEET = "is a member of another fleet"
    FORGED = "a signature in its membership does not hold"
    NOT_LET_IN = "has an invitation, but no member of the fleet has let it in yet"
    INVITATION_EXPIRED = "asked to be let in after its invitation had expired"
    USED_UP = "its invitation has been used up"
    BANNED = "was banned by an operator"
    # pages
    BELOW_HORIZON = "is older than what this node still counts"
    IN_THE_FUTURE = "lies more than an hour ahead of this node's clock"
    BAD_PAGE = "is malformed, or its signature does not hold"
    BAD_MESSAGE = "is no message that this node reads"
    TOO_MANY_RUNS = "is of a node that says to have begun anew too often in one window"
    BOOK_FULL = "finds no room in the book: there are too many of its kind"
