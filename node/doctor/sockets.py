"""The sockets as they lie on the disk: kind, owner, group, mode, and the way to them."""

import stat
from pathlib import Path

import trio

from node.activation import UNITS, remedy_of
from node.control.state import Finding
from node.doctor.case import Case
from node.doctor.finding import ok, problem, unknown
from node.sockets import group_name

CONTROL_MODE = 0o600
RESTART = "restart the node, which sets mode and group; and let nothing else change them"


async def sockets(case: Case) -> list[Finding]:
    """The three sockets."""
    return await trio.to_thread.run_sync(_sockets, case)


def _sockets(case: Case) -> list[Finding]:
    ingest, places = case.config.ingest, case.places
    mode = int(ingest.socket_mode, 8)
    found = [_socket(role, mode, ingest.group, case) for role in ("ingest", "datagram")]
    return [*found, _socket("control", CONTROL_MODE, "", case), *_way(places.ingest, mode, ingest.group)]


def _remedy(role: str, path: Path, case: Case) -> str:
    """Mode and group are whose who made the socket; of a node that rests nobody knows who that was."""
    if role in case.places.passed:
        return remedy_of({role: path})
    return RESTART if case.running or role not in UNITS else f"{RESTART}. If {remedy_of({role: path})}"


def _socket(role: str, mode: int, group: str, case: Case) -> Finding:
    path: Path = getattr(case.places, role)
    about, mend = str(path), _remedy(role, path, case)
    try:
        seen = path.lstat()
    except PermissionError as error:
        return unknown("socket", f"this user cannot see it ({error.strerror})", "ask as the node's user", about)
    except OSError as error:
        if case.running:
            return problem("socket", f"is gone though the node runs ({error.strerror})", "restart the node", about)
        return unknown("socket", "is not there: the node makes it when it starts", "", about)
    if not stat.S_ISSOCK(seen.st_mode):
        return problem("socket", "is a file, and no socket", "remove it, or give the socket another path", about)
    if stat.S_IMODE(seen.st_mode) != mode:
        has = f"has mode {stat.S_IMODE(seen.st_mode):04o}, it should be {mode:04o}"
        return problem("socket", has, mend, about)
    if group and group_name(seen.st_gid) != group:
        return problem("socket", f"has group {group_name(seen.st_gid)}, it should be {group}", mend, about)
    if seen.st_uid not in (case.user, 0):
        return problem("socket", f"belongs to user {seen.st_uid}, the node is user {case.user}", mend, about)
    return ok("socket", f"mode {mode:04o}, group {group_name(seen.st_gid)}", about)


def _way(path: Path, mode: int, group: str) -> list[Finding]:
    """Whether others, who may use the socket, come as far as that; and whether they could put another in its place."""
    folder = path.parent
    if not folder.is_dir():
        return []
    found = folder.stat()
    if found.st_mode & 0o002 and not found.st_mode & stat.S_ISVTX:
        told = f"mode {stat.S_IMODE(found.st_mode):04o}: anybody can replace the sockets in it"
        return [problem("socket", told, f"chmod 0755 {folder}", str(folder))]
    if not group and not mode & 0o006:
        return []  # only for the node's own user
    for each in (folder, *folder.parents):
        if not each.stat().st_mode & 0o001:
            told = "other users cannot get through it to the socket"
            return [problem("socket", told, f"chmod o+x {each}, or set ingest.socket to another place", str(each))]
    return []
