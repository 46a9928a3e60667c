"""The sockets that a service manager bound, and keeps, for the node: systemd's socket activation.

A socket that is passed outlives the node. What connects while no node runs waits in the kernel for the next one, so a
restart refuses nobody. For that the node must leave such a socket as it is: it neither removes its file nor changes its
mode at the end, and takes no lock on it; whoever made it looks after it.

What is passed is descriptors from 3 on, as many as $LISTEN_FDS says, for the process that $LISTEN_PID names, with names
in $LISTEN_FDNAMES. A name is one of `ROLES`; without one of these, the kind decides: a stream socket is `ingest`.
Whatever does not fit is an error, never ignored: programs would connect to a socket on which nobody answers.
"""

import os
import socket
import stat
from collections.abc import Iterator, Mapping, MutableMapping
from pathlib import Path

from node.sockets import Bound, SocketError, adopt, group_name

FIRST = 3  # the lowest descriptor that is passed
MOST = 16  # descriptors; more are nobody's intention
ROLES: Mapping[str, socket.SocketKind] = {
    "ingest": socket.SOCK_STREAM,
    "datagram": socket.SOCK_DGRAM,
    "control": socket.SOCK_STREAM,
}
BY_KIND = {int(socket.SOCK_STREAM): "ingest", int(socket.SOCK_DGRAM): "datagram"}
UNITS: Mapping[str, str] = {"ingest": "error-aggregator.socket", "datagram": "error-aggregator-datagram.socket"}
OF_A_USER = Path("/run/user")  # the runtime directories of users, whose own service managers serve there
REMEDY = "check the .socket units, or start the node without them"


def passed_in(environment: MutableMapping[str, str], pid: int, first: int = FIRST) -> dict[str, Bound]:
    """The passed sockets by role, ready to be used. Raises `SocketError`.

    What said so is taken out of `environment`, so that no program that the node runs takes them for its own.
    """
    count, of = environment.pop("LISTEN_FDS", ""), environment.pop("LISTEN_PID", "")
    names = environment.pop("LISTEN_FDNAMES", "").split(":")
    if of != str(pid) or not count:
        return {}
    if not count.isdecimal() or int(count) > MOST:
        raise SocketError(f"LISTEN_FDS is {count[:20]!r}: expected a number of at most {MOST}: {REMEDY}")
    found: dict[str, Bound] = {}
    try:
        for handle, name in _named(range(first, first + int(count)), names):
            _take(handle, name, found)
    except SocketError:
        for bound in found.values():
            bound.close()
        raise
    return found


def unlike(passed: Mapping[str, Bound], mode: int, group: str) -> str:
    """What of the passed sockets is not as the configuration says, and the remedy, in one line. Empty: all is."""
    found = {role: _differs(passed[role].path, mode, group) for role in UNITS if role in passed}
    told = [f"{passed[role].path} {each}" for role, each in found.items() if each]
    if not told:
        return ""
    return f"{', '.join(told)}: {remedy_of({role: passed[role].path for role, each in found.items() if each})}"


def remedy_of(sockets: Mapping[str, Path]) -> str:
    """How to give passed sockets, by role, another mode and group: the node never does."""
    user = "--user " if any(path.is_relative_to(OF_A_USER) for path in sockets.values()) else ""
    units = " ".join(UNITS[role] for role in sockets if role in UNITS) or "its socket unit"
    edit = f"systemctl {user}edit {units}"
    return f"systemd made it: `{edit}` (SocketMode=, SocketGroup=), stop the node, restart the units (docs/install.md)"


def _differs(path: Path, mode: int, group: str) -> str:
    try:
        seen = path.stat()
    except OSError:
        return ""  # whoever made it took its file away: doctor tells
    has, wanted = [f"mode {stat.S_IMODE(seen.st_mode):04o}"], [f"{mode:04o}"]
    if group:
        has.append(f"group {group_name(seen.st_gid)}")
        wanted.append(group)
    same = stat.S_IMODE(seen.st_mode) == mode and (not group or group_name(seen.st_gid) == group)
    return "" if same else f"has {' and '.join(has)} (by the settings {' and '.join(wanted)})"


def _named(handles: range, names: list[str]) -> Iterator[tuple[int, str]]:
    for number, handle in enumerate(handles):
        yield handle, names[number] if number < len(names) else ""


def _take(handle: int, name: str, found: dict[str, Bound]) -> None:
    """Put the socket into `found` under what it is for, if it can be that."""
    what = f"descriptor {handle} ({name or 'without a name'}), which was passed to this node,"
    _check_socket(handle, what)
    sock = socket.socket(fileno=handle)
    try:
        role, path = _role(sock, name, what), _path(sock, what)
        if role in found:
            raise SocketError(f"{path}: a second socket was passed as {role!r}: {REMEDY}")
    except SocketError:
        sock.close()
        raise
    found[role] = adopt(sock, path)


def _check_socket(handle: int, what: str) -> None:
    try:
        mode = os.fstat(handle).st_mode
    except OSError as error:
        raise SocketError(f"{what} is not open ({error.strerror}): {REMEDY}") from None
    if not stat.S_ISSOCK(mode):
        raise SocketError(f"{what} is no socket: {REMEDY}")


def _role(sock: socket.socket, name: str, what: str) -> str:
    role = name if name in ROLES else BY_KIND.get(sock.type, "")
    if sock.family != socket.AF_UNIX:
        raise SocketError(f"{what} is no Unix socket: {REMEDY}")
    if role not in ROLES or sock.type != ROLES[role]:
        raise SocketError(f"{what} is of the wrong kind, {_kind(sock.type)}: {REMEDY}")
    if sock.type == socket.SOCK_STREAM and not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        raise SocketError(f"{what} does not listen (Accept= must be no): {REMEDY}")
    return role


def _path(sock: socket.socket, what: str) -> Path:
    name = sock.getsockname()
    if not isinstance(name, str) or not name.startswith("/"):
        raise SocketError(f"{what} has no path that a program could connect to: {REMEDY}")
    return Path(name)


def _kind(number: int) -> str:
    try:
        return socket.SocketKind(number).name
    except ValueError:
        return str(number)
