"""Settings of a node on its machine: state, sockets, what is kept for how long, the log, and the way to other nodes."""

from dataclasses import dataclass

from aggregator import limits
from node.addresses import checked, split_peer
from node.config.kinds import boolean, choice, duration, integer, loopback, names, size, text
from node.config.setting import DAY, HOUR, setting

PLACE = 'a list of multiaddresses such as "/ip4/192.0.2.1/tcp/4001"'
LISTENED = names(PLACE, check=lambda text: checked(text, port_zero=True))
ANNOUNCED = names(PLACE, check=checked)
DIALLED = names(
    'a list of multiaddresses with peer ids such as "/ip4/192.0.2.1/tcp/4001/p2p/12D3KooW…"', check=split_peer
)


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
class Client:
    """What programs on this machine are told, when they connect, to attach to their records."""

    max_log_lines: int = setting(integer(0, limits.LOG_LINES), 100, "Log lines before the error.")
    include_stack_trace: bool = setting(boolean(), True, "The stack trace.")


@dataclass(frozen=True)
class Retention:
    """How long things are kept. Pages are kept for `bundle.lookback` and two hours, at most for twice that."""

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
