"""What the control socket answers about errors, bundles and issues.

The structs here and in `state.py`, `peers.py` and `done.py` are the stable JSON of the command line: a field may be
added, none changes its meaning. The same types are written by the server and read by its clients. Moments are RFC 3339,
UTC.
"""

from typing import Any

import msgspec


class IssueRef(msgspec.Struct, frozen=True):
    repository: str
    number: int
    url: str


class ErrorRow(msgspec.Struct, frozen=True, kw_only=True):
    """One signature, as `errors` lists it."""

    signature: str
    root: str
    title: str
    count: int  # within the lookback
    total: int  # as far as this node knows
    nodes: list[str]  # peer ids
    services: dict[str, int]
    releases: dict[str, int]
    first_seen: str
    last_seen: str
    severity: str
    threshold: int
    state: str  # new, due, waiting, filed, muted, refused
    reason: str  # name of the reason
    issue: IssueRef | None
    kept_by: str = ""  # peer id of the keeper that says so; empty: these are this node's own counts


class Detail(msgspec.Struct, frozen=True):
    """One root with all that is known of it."""

    root: str  # canonical
    repository: str  # where its issue is or would be; empty: nowhere
    errors: list[ErrorRow]
    joined: list[str]  # roots that an operator joined with it
    related: list[str]  # roots of the same type and place
    mute: dict[str, Any] | None
    records: list[dict[str, Any]]  # samples, redacted, the newest first
    kept_by: str = ""  # as in `ErrorRow`


class BundleRow(msgspec.Struct, frozen=True, kw_only=True):
    """One root that is due and not filed."""

    root: str
    repository: str
    title: str
    severity: str
    count: int
    due_since: str
    state: str  # due, waiting, refused, muted
    reason: str
    kept_by: str = ""  # as in `ErrorRow`


class IssueRow(msgspec.Struct, frozen=True):
    repository: str
    number: int
    url: str
    root: str
    title: str
    count: int  # within the lookback
    last_seen: str
    kept_by: str = ""  # as in `ErrorRow`


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What one bundle did, or would do."""

    at: str
    dry_run: bool = False
    unique: int = 0  # roots that occurred within the lookback
    meeting_threshold: int = 0  # of these, or from before: due
    created: int = 0
    updated: int = 0
    waiting: int = 0
    refused: int = 0
    existing_checked: int = 0  # issues that GitHub listed
    calls: int = 0  # to GitHub
    reason: str = ""  # why nothing was filed, if that concerns all: name of the reason
    planned: list["Planned"] = []


class Planned(msgspec.Struct, frozen=True):
    """What would be written to GitHub about one root."""

    root: str
    repository: str
    action: str  # create, update
    title: str
    labels: list[str]
    body: str
