"""Every setting of the node: one frozen object, each field with its kind, default and effect.

The remark in `setting` is the one place where a setting is described: `config show`, the table in the documentation and
`configs/error-aggregator.toml` are made from it. Durations are seconds here and may be written "15m" in the file.
Everything that reaches outside this machine is off by default, and there is no default repository.
"""

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any, TypeVar

from aggregator import limits
from aggregator.notification.event import KINDS
from node.addresses import checked, split_peer
from node.config import kinds
from node.config.kinds import (
    Kind,
    boolean,
    choice,
    duration,
    integer,
    loopback,
    names,
    repository,
    size,
    table,
    text,
    web_address,
)
from node.config.secret import Secret

T = TypeVar("T")
HOUR = 3600.0  # seconds
DAY = 24 * HOUR

THRESHOLDS = table("a table of severity = occurrences", integer(1), "|".join(limits.SEVERITIES))
SERVICES = table(
    "a table per service, of threshold or severity = occurrences",
    table("threshold or severity = occurrences", integer(1), "|".join(("threshold", *limits.SEVERITIES))),
)
REPOSITORIES = names('a list of "owner/repository"', kinds.REPOSITORY.pattern)
ROUTES = table('a table of service = "owner/repository"', text(pattern=kinds.REPOSITORY.pattern))
EVENTS = names("a list of " + ", ".join(f'"{kind}"' for kind in KINDS), "|".join(KINDS))
PLACE = 'a list of multiaddresses such as "/ip4/192.0.2.1/tcp/4001"'
LISTENED = names(PLACE, check=lambda text: checked(text, port_zero=True))
ANNOUNCED = names(PLACE, check=checked)
DIALLED = names(
    'a list of multiaddresses with peer ids such as "/ip4/192.0.2.1/tcp/4001/p2p/12D3KooW…"', check=split_peer
)


def setting(kind: Kind[T], default: T, effect: str) -> T:
    """A field that carries its remark. To the type checker it is its default."""
    return field(default_factory=lambda: default, metadata={"kind": kind, "effect": effect})


@dataclass(frozen=True)
class Node:
    """This node and its state."""

    directory: str = setting(
        text("a path"),
        "",
        "Where key, database and address book are kept. Empty: /var/lib/error-aggregator for root and for the service, "
        "else $XDG_STATE_HOME/error-aggregator.",
    )
    service_default: str = setting(
        text("text of at most 48 characters", r"[^\n\r\x00]{0,48}"), "", "The service of records that name none."
    )


@dataclass(frozen=True)
class Ingest:
    """The sockets that programs report to."""

    socket: str = setting(
        text("a path"),
        "",
        "The stream socket. Empty: $AGGREGATOR_SOCKET, else ingest.sock in $XDG_RUNTIME_DIR/error-aggregator, "
        "else (and for the service) in /run/error-aggregator.",
    )
    datagram_socket: str = setting(
        text("a path"), "", "The datagram socket, best effort. Empty: datagram.sock beside the stream socket."
    )
    socket_mode: str = setting(
        text('octal digits such as "0660"', "0?[0-7]{3}"),
        "0660",
        "Mode of both sockets. Of sockets that systemd made, their units say it.",
    )
    group: str = setting(
        text("a group's name"),
        "",
        "Group that owns both sockets. Empty: the node's own. Of sockets that systemd made, their units say it.",
    )
    connections: int = setting(
        integer(1, 65_536), limits.CONNECTIONS, "Connections at a time; a further one is told `busy`."
    )
    rate_per_user: int = setting(
        integer(0), 0, "Records a second that one user id may send; what exceeds it is told `rate`. 0: no bound."
    )
    spool: tuple[str, ...] = setting(
        names("a list of paths"),
        (),
        "Directories that clients spool to. Empty: $AGGREGATOR_SPOOL, else /var/spool/error-aggregator and "
        "$XDG_STATE_HOME/error-aggregator/spool of the node's user.",
    )
    spool_interval: float = setting(duration(0.05, HOUR), 5.0, "Time between two looks into the spool.")


@dataclass(frozen=True)
class Control:
    """The socket of the command line and the dashboard."""

    socket: str = setting(
        text("a path"), "", "The control socket, mode 0600. Empty: control.sock beside the ingest socket."
    )
    metrics: str = setting(loopback(), "", "Where /metrics is served over TCP besides. Empty: nowhere.")


@dataclass(frozen=True)
class Bundle:
    """When errors are bundled, and when one is due."""

    interval: float = setting(
        duration(1.0, DAY), 900.0, "Time between two bundles; ticks are aligned to whole multiples of it."
    )
    window: float = setting(
        duration(1.0, DAY), 900.0, "Length of a window of a node without a fleet. A fleet's is in its invitation."
    )
    threshold: int = setting(integer(1), 3, "Occurrences within the lookback from which an error is due.")
    lookback: float = setting(duration(60.0, 7 * DAY), DAY, "How far back occurrences count.")
    thresholds: Mapping[str, int] = setting(
        THRESHOLDS, {"critical": 1}, "Thresholds of single severities, instead of `threshold`."
    )
    services: Mapping[str, Mapping[str, int]] = setting(
        SERVICES, {}, "Thresholds of single services: [bundle.services.NAME] with `threshold` or severities."
    )


@dataclass(frozen=True)
class Filing:
    """What is written to GitHub. Nothing, unless it is switched on here."""

    issues: bool = setting(boolean(), False, "File issues.")
    pull_requests: bool = setting(boolean(), False, "Open draft pull requests where a fix is known.")
    paused: bool = setting(boolean(), False, "Write nothing to GitHub for now; all other settings keep their values.")
    public_repositories: tuple[str, ...] = setting(
        REPOSITORIES, (), "Public repositories that may be filed to; any other public one is refused."
    )
    labels: tuple[str, ...] = setting(
        names("a list of labels"),
        ("bug", "severity:{severity}"),
        "Labels of a new issue besides our own, `error-aggregator`.",
    )
    title: str = setting(text(), "{type}: {message} in {function}", "Title of a new issue.")
    stack_trace: bool = setting(boolean(), True, "Put stack traces into issues.")
    takeover_age: float = setting(
        duration(1.0),
        600.0,
        "Age of an unchanged claim before another node may take it over. The default outlasts every request to "
        "GitHub; less than a minute is for trials.",
    )
    update_interval: float = setting(duration(1.0), HOUR, "Least time between two updates of one issue's counts.")
    create_deadline: float = setting(
        duration(1.0, 60.0),
        20.0,
        "Time from winning a claim to sending, else given up. At most a third of takeover_age is granted.",
    )
    relist_gap: float = setting(
        duration(1.0),
        120.0,
        "Time between the two lists before a taken-over claim creates. At most takeover_age is waited.",
    )
    scan_missing: int = setting(integer(1, 1000), 20, "Issue numbers in a row that do not exist before a scan ends.")
    regression: str = setting(
        choice("reopen", "new-linked", "comment"), "reopen", "What happens when a closed error occurs again."
    )
    closing_grace: float = setting(duration(), 900.0, "Time after closing in which an occurrence is no regression.")
    flap_limit: int = setting(integer(1, 100), 3, "Times an issue is reopened before it is left to a human.")
    issues_per_hour: int = setting(integer(0), 20, "New issues per repository and hour, of the whole fleet.")
    issues_per_day: int = setting(integer(0), 50, "New issues per repository and day, of the whole fleet.")
    pulls_per_hour: int = setting(integer(0), 10, "New pull requests per repository and hour, of the whole fleet.")
    pulls_per_day: int = setting(integer(0), 10, "New pull requests per repository and day, of the whole fleet.")


@dataclass(frozen=True)
class Github:
    """Where GitHub is, and which repository gets what. Tokens are never kept in this file."""

    api_url: str = setting(
        text("an http or https address without user or password", r"https?://[!-?A-~]+"),
        "https://api.github.com",
        "GitHub's REST API.",
    )
    repository: str = setting(repository(), "", "Repository of services without a route. Empty: they are not filed.")
    routes: Mapping[str, str] = setting(ROUTES, {}, "Repository by service.")
    write_interval: float = setting(
        duration(0.0, 60.0), 1.0, "Least time between two writes; GitHub asks for a second or more."
    )
    app_id: int = setting(integer(0), 0, "Id of a GitHub App that files, instead of a token. 0: none.")
    installation_id: int = setting(integer(0), 0, "Id of that App's installation.")
    app_key_file: str = setting(
        text("a path"), "", "The App's private key, mode 0600. Empty: the systemd credential github-app-key."
    )


@dataclass(frozen=True)
class Election:
    """Who files."""

    takeover: float = setting(duration(0.1, 600.0), 2.0, "Time that each further rank waits for the one before it.")


@dataclass(frozen=True)
class Healing:
    """What is done about filed errors."""

    assign_copilot: bool = setting(boolean(), False, "Assign GitHub's coding agent to issues without a known fix.")


@dataclass(frozen=True)
class Notify:
    """Who is told at once, besides the issues. Nobody, unless a command or a webhook stands here."""

    command: tuple[str, ...] = setting(
        names("a list: a program and its arguments"),
        (),
        "Is run for each notification, without a shell, with the notification as JSON on standard input. Empty: none.",
    )
    webhook: Secret = setting(  # noqa: RUF009  # this call makes a field
        web_address(),
        Secret(""),
        "Each notification is posted there as JSON. Better kept out of this file: the systemd credential "
        "notify-webhook, which wins, or AGGREGATOR_NOTIFY_WEBHOOK.",
    )
    events: tuple[str, ...] = setting(EVENTS, tuple(KINDS), "What is told.")
    interval: float = setting(
        duration(1.0, DAY), 10.0, "Least time between two notifications; what happens meanwhile is told in one."
    )
    timeout: float = setting(duration(0.1, 60.0), 10.0, "Time that the command, or one attempt to post, may take.")


@dataclass(frozen=True)
class Client:
    """What programs on this machine are told, when they connect, to attach to their records."""

    max_log_lines: int = setting(integer(0, limits.LOG_LINES), 100, "Log lines before the error.")
    include_stack_trace: bool = setting(boolean(), True, "The stack trace.")


@dataclass(frozen=True)
class Retention:
    """How long things are kept. Pages are kept for `bundle.lookback`."""

    history: float = setting(duration(DAY, 366 * DAY), 30 * DAY, "Daily counts beyond the lookback.")
    samples: float = setting(duration(DAY, 366 * DAY), 30 * DAY, "Samples: full, redacted records.")
    sessions: float = setting(
        duration(DAY, 366 * DAY), 30 * DAY, "Sessions of clients; longer than any client keeps its spool."
    )
    size: int = setting(size(16 * 1024**2), 1024**3, "Size of the database from which the lookback is shortened.")


@dataclass(frozen=True)
class Log:
    """What the node says about itself, on standard error."""

    level: str = setting(choice("debug", "info", "warning", "error"), "info", "The least grave level that is written.")
    format: str = setting(choice("text", "json"), "text", "key=value text, or one JSON map a line.")


@dataclass(frozen=True)
class Network:
    """Other nodes. A node talks only to its own fleet, so nothing happens before `init` or `join`."""

    enabled: bool = setting(boolean(), True, "Talk to the other nodes of the fleet.")
    listen: tuple[str, ...] = setting(LISTENED, ("/ip4/0.0.0.0/tcp/4001",), "Addresses to listen on.")
    announce: tuple[str, ...] = setting(
        ANNOUNCED, (), "Addresses that others are told, where they differ from `listen`."
    )
    seeds: tuple[str, ...] = setting(DIALLED, (), "Nodes to dial first, besides those that the invitation named.")
    mdns: bool = setting(boolean(), False, "Look for nodes on the local network.")
    max_links: int = setting(integer(2, 32), 16, "Links to other nodes at a time.")


@dataclass(frozen=True)
class Config:
    """All of it. Resolved and checked once, then only passed."""

    node: Node = Node()
    ingest: Ingest = Ingest()
    control: Control = Control()
    bundle: Bundle = Bundle()
    filing: Filing = Filing()
    github: Github = Github()
    election: Election = Election()
    healing: Healing = Healing()
    notify: Notify = Notify()
    client: Client = Client()
    retention: Retention = Retention()
    log: Log = Log()
    network: Network = Network()


@dataclass(frozen=True)
class Setting:
    """One setting, described."""

    section: str
    name: str
    kind: Kind[Any]
    default: Any
    effect: str

    @property
    def key(self) -> str:
        return f"{self.section}.{self.name}"

    @property
    def variable(self) -> str:
        """The environment variable that overrides it."""
        return f"AGGREGATOR_{self.section}_{self.name}".upper()


_TYPES: tuple[type[Any], ...] = (
    Node,
    Ingest,
    Control,
    Bundle,
    Filing,
    Github,
    Election,
    Healing,
    Notify,
    Client,
    Retention,
    Log,
    Network,
)
SECTIONS: Mapping[str, type[Any]] = {each.__name__.lower(): each for each in _TYPES}


def _describe(section: str, described: Field[Any]) -> Setting:
    remark = described.metadata
    default = getattr(SECTIONS[section](), described.name)
    return Setting(section, described.name, remark["kind"], default, remark["effect"])


SETTINGS: Mapping[str, Setting] = {
    setting.key: setting
    for section, made_of in SECTIONS.items()
    for setting in (_describe(section, each) for each in fields(made_of))
}


def value_of(config: Config, key: str) -> Any:
    """The value of a key such as `bundle.interval`. Raises `KeyError`."""
    known = SETTINGS[key]
    return getattr(getattr(config, known.section), known.name)
