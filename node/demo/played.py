"""What the demo came to: one frozen value, as `--json` prints it."""

from collections.abc import Sequence

import msgspec

from node.demo.hub import Issue
from node.demo.progress import StepRow
from node.demo.verdict import BugRow

SHOWN = "checkout"  # the service whose issue is shown


class Shown(msgspec.Struct, frozen=True):
    """One issue as it stands on GitHub."""

    number: int
    title: str
    labels: list[str]
    body: str


class NodeRow(msgspec.Struct, frozen=True, kw_only=True):
    """One node at the end."""

    name: str
    peer: str  # id
    counted: int  # occurrences, of its own programs and of all others'
    by_gossip: int  # pages of others that gossip brought since it started
    by_sync: int  # those that sync had to bring


class Kept(msgspec.Struct, frozen=True):
    """What plays on."""

    directory: str
    look: list[str]  # commands
    end: str  # the command that ends it all


class Played(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is to be said of one run."""

    ok: bool
    seconds: float
    problems: list[str]
    bugs: list[BugRow]
    nodes: list[NodeRow]
    elected: list[str]  # names by rank
    steps: list[StepRow]
    kills: int
    issues: int  # that are on GitHub
    asked_for: int  # requests for a new issue that were sent, those included that were lost
    issue: Shown | None = None
    kept: Kept | None = None


def shown(rows: Sequence[BugRow], issues: Sequence[Issue]) -> Shown | None:
    """The issue to show: of the one service, else the first; None where there is none."""
    wanted = {row.issue for row in rows if row.service == SHOWN}
    found = sorted(issues, key=lambda issue: (issue.number not in wanted, issue.number))
    return Shown(found[0].number, found[0].title, list(found[0].labels), found[0].body) if found else None
