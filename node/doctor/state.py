"""The files in the state directory: whether the node's user may use each of them.

One run as another user, root mostly, leaves files that are then closed to the node, though the directory is its own.
Each file is judged by itself; for the user of this process the kernel is asked, which knows more than modes.
"""

import grp
import os
import pwd
import stat
from pathlib import Path

import trio

from node.control.state import Finding
from node.doctor.case import Case
from node.doctor.finding import ok, problem, unknown
from node.store import NAME

LOOKED_AT = 1000  # files; a state directory has about ten
NAMED = 20  # files that are named at most
WRITTEN = frozenset({NAME, f"{NAME}-wal", f"{NAME}-shm", "lock"})  # in place; all others are replaced as a whole
ASIDE = (".backup", ".new", ".tmp")  # ends of names that no node opens again


async def files(case: Case) -> list[Finding]:
    """Whether the node can use what it has kept."""
    return await trio.to_thread.run_sync(_files, case.places.directory, case.user)


def _files(directory: Path, user: int) -> list[Finding]:
    about = str(directory)
    try:
        with os.scandir(directory) as entries:
            found = [Path(each.path) for each, _ in zip(entries, range(LOOKED_AT), strict=False) if _kept(each)]
    except FileNotFoundError:
        return [ok("file", "there is nothing yet", about)]
    except OSError as error:
        return [unknown("file", f"this user cannot look into it ({error.strerror})", "ask as the node's user", about)]
    wrong = [each for path in sorted(found) if (each := _file(path, user)) is not None]
    return wrong[:NAMED] or [ok("file", "the node may use all that is in it", about)]


def _kept(entry: "os.DirEntry[str]") -> bool:
    return entry.is_file(follow_symlinks=False) and not entry.name.startswith(".") and not entry.name.endswith(ASIDE)


def _file(path: Path, user: int) -> Finding | None:
    """What keeps `user` from using the file; None: nothing."""
    try:
        seen = path.stat()
    except OSError:
        return None  # it has gone meanwhile, as a log of the database does
    missing = [
        word
        for word, bit in (("read", os.R_OK), ("write", os.W_OK))
        if (bit == os.R_OK or path.name in WRITTEN) and not _may(path, seen, user, bit)
    ]
    if not missing:
        return None
    mode, node = stat.S_IMODE(seen.st_mode), _name(user)
    told = f"belongs to {_name(seen.st_uid)}, mode {mode:04o}: the node ({node}) cannot {' or '.join(missing)} it"
    if seen.st_uid != user:
        mend = f"as root: chown {node.removeprefix('user ')} {path}; and start the node as that user only"
    elif mode & 0o600 != 0o600:
        mend = f"chmod 600 {path}"
    else:
        mend = "see whether it is mounted read-only, or has attributes (lsattr) that forbid it"
    return problem("file", told, mend, str(path))


def _may(path: Path, seen: os.stat_result, user: int, bit: int) -> bool:
    if user == os.geteuid():
        return os.access(path, bit, effective_ids=True)
    shift = 6 if seen.st_uid == user else 3 if seen.st_gid in _groups(user) else 0
    return bool(seen.st_mode >> shift & bit)


def _groups(user: int) -> list[int]:
    try:
        entry = pwd.getpwuid(user)
    except KeyError:
        return []
    return [entry.pw_gid, *(each.gr_gid for each in grp.getgrall() if entry.pw_name in each.gr_mem)]


def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"
