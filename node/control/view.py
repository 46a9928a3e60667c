"""What the control socket answers, and what it needs of the node for that.

The structs are the stable JSON of the command line: a field may be added, none changes its meaning. The same types are
written by the server and read by its clients. Moments are RFC 3339, UTC.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

import msgspec

from aggregator.agenda import Knowledge
from aggregator.book import Ruling
from aggregator.due import Policy
from aggregator.filing.case import Outcome
from aggregator.filing.settings import Settings
from aggregator.fleetkey import Keys
from aggregator.member import Member
from aggregator.question import Question
from aggregator.record import ErrorRecord
from node.config import Loaded

T = TypeVar("T")


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


class Ruled(msgspec.Struct, frozen=True):
    """An operator's decision as it was written into the book."""

    action: str
    subject: str
    value: Any
    rulings: list[str]  # "kind subject"


class Reloaded(msgspec.Struct, frozen=True):
    """What a reload took over."""

    changed: list[str]  # keys
    restart: list[str]  # of these: keys whose change waits for the node's next start
    token: str = ""  # where the token came from that is used from now on; empty: there is none
    exchanged: bool = False  # whether that is another one than before


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


class PeerRow(msgspec.Struct, frozen=True, kw_only=True):
    """One node of the fleet, as this node knows it."""

    peer: str
    state: str  # self, here, away (not heard for a while), left (said so), unknown (not heard since this node started),
    # copied (two machines run with its key)
    link: str  # in, out; empty: no link of its own, its words come over others
    address: str
    last_seen: str  # empty: not since this node started
    lag: float | None  # seconds since all that it had was here; None: it is not compared with
    version: str
    settled: bool
    candidate: list[str]  # repositories that it may file for
    joined: str  # empty: it showed no chain
    invitation: str  # key of the invitation that let it in, in hex
    reason: str  # name of the reason why its word does not count; empty: it does


class Runner(msgspec.Struct, frozen=True, kw_only=True):
    """One node, with regard to one repository."""

    peer: str
    rank: int | None  # 0 files; None: no candidate, or too far behind to act
    wait: float  # seconds after the tick until it acts, if nobody before it did
    reason: str  # name of the reason why it is no candidate, or away, left, unknown; empty: it is one


class Leading(msgspec.Struct, frozen=True, kw_only=True):
    """Who files for one repository, and why."""

    repository: str
    leader: str  # peer id; empty: nobody
    reason: str  # name of the reason why this node does not file for it; empty: it does, in its turn
    runners: list[Runner]  # candidates by rank, then the others


class Banned(msgspec.Struct, frozen=True, kw_only=True):
    """A ban, or its end, as it was written into the book."""

    subject: str  # a peer id, or the key of an invitation in hex
    members: list[str]  # peer ids that it concerns, as far as they are known
    since: str  # what they count from then on does not count; empty: the ban was lifted


class Renewed(msgspec.Struct, frozen=True, kw_only=True):
    """How the fleet's keys stand after `rotate-key`."""

    generation: int  # of the network key
    until: str  # to when the network keys before it are accepted
    fleet_keys: int  # that may let nodes in
    told: list[str]  # peer ids of the members that are linked and have it now
    others: list[str]  # members that will hear of it from these, or when they come back


class Measured(NamedTuple):
    """One number, under a name of `metrics.METRICS`. `labels`: values, in the order that stands there."""

    name: str
    value: float
    labels: tuple[str, ...] = ()


Seal = Callable[[Ruling], Ruling]


class FleetView(Protocol):
    """What the node knows of its fleet."""

    def peers(self) -> list[PeerRow]:
        """Every member and every neighbour, this node first."""
        ...

    def leading(self) -> list[Leading]: ...

    def members(self) -> list[Member]: ...

    async def seal(self) -> Seal:
        """What signs a ban with the fleet's key. Raises `FleetError` where that is not here."""
        ...

    async def renew(self, keys: Keys) -> Renewed:
        """Take over new keys, keep them, and tell the members. Raises `FleetError`."""
        ...


class Said(Protocol):
    """What a keeper answered: rows as MessagePack, in its words."""

    @property
    def keeper(self) -> str: ...
    @property
    def rows(self) -> Sequence[msgspec.Raw]: ...
    @property
    def left_out(self) -> int:
        """Rows that found no room in one answer."""
        ...


class KeepersView(Protocol):
    """Those that keep what this node does not."""

    def elsewhere(self) -> list[str]:
        """The repositories whose counts others keep, lower case."""
        ...

    def holds(self, repository: str) -> bool:
        """Whether anything about it may be here."""
        ...

    async def ask(self, question: Question, read: Callable[[Said], T]) -> T | None:
        """What `read` makes of the first answer that it does not refuse by a `ValueError`, or msgspec's `DecodeError`;
        None: none of them answers. Takes seconds."""
        ...


class Notifying(Protocol):
    """The notifications of this node."""

    def state(self) -> Notified: ...

    async def test(self) -> list[Delivery]:
        """Send one that says that it is a test, to all targets."""
        ...


class View(Protocol):
    """What the node offers. Everything may be called from any task of its loop."""

    @property
    def known(self) -> Knowledge: ...

    @property
    def loaded(self) -> Loaded: ...

    @property
    def policy(self) -> Policy: ...

    @property
    def settings(self) -> Settings:
        """For rendering."""
        ...

    @property
    def fleet(self) -> FleetView | None:
        """None: this node is alone."""
        ...

    @property
    def keepers(self) -> KeepersView | None:
        """None: this node is alone."""
        ...

    @property
    def notifying(self) -> Notifying: ...

    def now(self) -> float: ...

    def health(self) -> Health: ...

    def outcomes(self) -> Mapping[str, Outcome]:
        """By root: what became of it in the last run of filing."""
        ...

    async def records(self, ids: Sequence[str], signatures: Sequence[str]) -> list[ErrorRecord]:
        """Up to five samples, by id or of these signatures; the newest first."""
        ...

    async def actions(self) -> dict[str, int]:
        """Entries of the audit log, by action."""
        ...

    async def rule(
        self, action: str, subject: str, rulings: Sequence[tuple[str, str, Any]], seal: Seal = lambda ruling: ruling
    ) -> None:
        """Commit rulings (kind, subject, value) together with an entry of the audit log, and tell the fleet.

        `seal`: what signs them before they are committed.
        """
        ...

    async def bundle(self) -> Summary:
        """Run a bundle now."""
        ...

    async def measured(self) -> list[Measured]:
        """All numbers that are of use to who watches over many nodes."""
        ...

    async def doctor(self, offline: bool) -> list[Finding]:
        """Look whether all is in order, unless `offline` at GitHub too. Takes seconds."""
        ...

    async def reload(self) -> Reloaded:
        """Read the configuration again. Raises `ConfigError`; then the old one stays."""
        ...
