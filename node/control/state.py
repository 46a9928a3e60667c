"""What the control socket answers about the node itself."""

import msgspec

from node.control.rows import ErrorRow, Summary


class Filing(msgspec.Struct, frozen=True, kw_only=True):
    """How filing stands."""

    enabled: bool
    paused: bool
    pending: int  # roots that are due and not filed
    waiting: dict[str, int] = {}  # by name of the reason
    candidates: list[str] = []  # repositories for which this node may file
    trouble: dict[str, str] = {}  # by repository: name of the reason why it may not


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """What only the running node knows."""

    node: str
    started: float  # Unix seconds
    peers: list[str] = []
    settled: bool = True
    leader: dict[str, str] = {}  # by repository: peer id
    received: int = 0
    acknowledged: int = 0
    refused: dict[str, int] = {}  # records, by reason
    told_to_wait: dict[str, int] = {}  # conversations, by reason: what they had to say comes again later
    storage: str = ""  # why nothing can be counted now; empty: it can
    warnings: list[str] = []  # what does not mend itself, and what to do about it
    gossip: dict[str, int] = {}
    candidates: list[str] = []
    trouble: dict[str, str] = {}
    token_source: str = ""  # empty: there is no token
    last: Summary | None = None


class TokenStatus(msgspec.Struct, frozen=True):
    """Whether there is a token and where it came from; never the token."""

    present: bool
    source: str


class Status(msgspec.Struct, frozen=True, kw_only=True):
    node: str
    version: str
    started: str
    peers: list[str]
    settled: bool
    leader: dict[str, str]
    received: int
    acknowledged: int
    refused: dict[str, int]
    told_to_wait: dict[str, int]
    storage: str
    warnings: list[str]  # what does not mend itself, and what to do about it
    gossip: dict[str, int]
    filing: Filing
    bundle: Summary | None  # the last
    enabled: bool
    configured: bool
    repository: str
    github_token: TokenStatus
    auto_create_issues: bool
    max_log_lines: int
    issue_labels: list[str]
    config_files: list[str] = []  # of these the node reads the first that exists


class Stats(msgspec.Struct, frozen=True, kw_only=True):
    """Counts over all that is kept: the lookback and the days before."""

    signatures: int
    roots: int
    occurrences: int  # within the lookback
    total: int  # with the history
    by_severity: dict[str, int]
    by_service: dict[str, int]
    by_state: dict[str, int]
    top: list[ErrorRow]
    actions: dict[str, int]  # of the audit log, by action


class Finding(msgspec.Struct, frozen=True):
    """What one check of `doctor` came to."""

    check: str
    about: str  # a repository, a path, a service; empty where the check has only one subject
    state: str  # ok, problem, unknown
    found: str
    mend: str = ""  # what to do; empty where nothing is to be done


class Delivery(msgspec.Struct, frozen=True):
    """What became of one notification at one target."""

    target: str  # command, webhook
    trouble: str  # why it did not arrive; empty: it did


class Notified(msgspec.Struct, frozen=True, kw_only=True):
    """Whom this node notifies, and how that goes."""

    targets: dict[str, str]  # by target: what it is; of the webhook only where its address came from
    events: list[str]  # kinds that are told
    sent: int = 0  # since the node started
    failed: int = 0
    waiting: int = 0  # events that wait to be sent
    dropped: int = 0  # events that found no room
    last: list[Delivery] = []  # the last notification
    trouble: str = ""  # why a webhook that is meant to be used cannot be
