"""State directory, database, spool directories and the pinned library of this machine."""

import errno
import os
import stat
import tempfile
from pathlib import Path

import trio

from node.control.state import Finding
from node.doctor.case import Case
from node.doctor.finding import ok, problem, unknown
from node.store import NAME, why_not

ROOM = 64 * 1024**2  # bytes free below which a directory counts as full: several batches, a backup, a write-ahead log
SHARED_MODE = "3733"  # of a spool that all users write to: nobody lists it or removes another's, the node's group reads
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


async def directory(case: Case) -> list[Finding]:
    """Whether the node can write its state, and has room for it."""
    return [await trio.to_thread.run_sync(_directory, case.places.directory)]


async def database(case: Case) -> list[Finding]:
    """Whether what the node knows can be read, and written."""
    about = str(case.places.directory / NAME)
    trouble = case.storage or (None if case.running else await trio.to_thread.run_sync(why_not, Path(about)))
    if trouble:
        return [problem("database", trouble.detail or "it cannot be used", trouble.trouble.value, about)]
    return [ok("database", "can be written" if case.running else "nothing is wrong with it", about)]


async def spool(case: Case) -> list[Finding]:
    """Whether the node can take from each spool directory, and nobody else can take or see what is another's."""
    return await trio.to_thread.run_sync(_spools, case.places.spools, case.user)


async def libp2p(case: Case) -> list[Finding]:
    """Whether the installed library is the one whose private names are relied on."""
    found, pinned = case.libraries
    mend = f"pip install libp2p=={pinned}"
    if not case.config.network.enabled or not (case.company or case.company_trouble):
        return [ok("libp2p", "is not needed: this node talks to no others")]
    if not found:
        return [problem("libp2p", "is not installed, so this node talks to no others", mend)]
    if found != pinned:
        return [problem("libp2p", f"version {found} is installed, {pinned} is relied on", mend)]
    return [ok("libp2p", f"version {found}")]


def _directory(path: Path) -> Finding:
    about = str(path)
    mend = "check owner and mode: it must belong to the node's user, mode 0700; or set node.directory"
    if not path.exists():
        above = next(each for each in path.parents if each.exists())
        if os.access(above, os.W_OK | os.X_OK):
            return ok("directory", "does not exist yet; the first start makes it", about)
        return problem("directory", f"does not exist, and {above} does not let this user make it", mend, about)
    try:
        with tempfile.NamedTemporaryFile(dir=path, prefix=".doctor.") as file:
            file.write(b"\0" * 4096)
            file.flush()
    except OSError as error:
        mend = "make room" if error.errno in NO_ROOM else mend
        return problem("directory", f"cannot be written: {error.strerror}", mend, about)
    free = room_in(path)
    if free < ROOM:
        found = f"{free // 1024**2} MiB are free; below {ROOM // 1024**2} MiB nothing more may be taken soon"
        return problem("directory", found, "make room, or lower retention.size", about)
    return ok("directory", f"can be written, {free // 1024**2:,} MiB are free", about)


def room_in(path: Path) -> int:
    """Bytes that this user may still write; 0 where there are no more names to be had."""
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize if found.f_favail or not found.f_files else 0


def _spools(paths: tuple[Path, ...], user: int) -> list[Finding]:
    return [_spool(path, user) for path in paths]


def _spool(path: Path, user: int) -> Finding:
    about = str(path)
    try:
        found = path.lstat()
    except FileNotFoundError:
        return ok("spool", "is not there", about)
    except OSError as error:
        return unknown("spool", f"this user cannot see it ({error.strerror})", "ask as the node's user", about)
    mode, owner = stat.S_IMODE(found.st_mode), found.st_uid
    shared = bool(mode & 0o022)
    mend = f"chown it to the node's user and group, and chmod {SHARED_MODE if shared else '0700'} it"
    if not stat.S_ISDIR(found.st_mode):
        return problem("spool", "is no directory (or a link to one)", "remove it, and make a directory", about)
    if shared and not mode & stat.S_ISVTX:
        return problem("spool", f"mode {mode:04o}: users can remove each other's records", mend, about)
    if mode & 0o044:
        return problem("spool", f"mode {mode:04o}: other users can see what is in it", mend, about)
    if shared and user != 0 and not mode & stat.S_ISGID:
        return problem("spool", f"mode {mode:04o}: the node cannot read what other users leave there", mend, about)
    if owner != user and user != 0:
        return problem("spool", f"belongs to user {owner}, so the node (user {user}) cannot read it", mend, about)
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        return unknown("spool", f"mode {mode:04o}: this user cannot look into it", mend, about)
    return ok("spool", f"mode {mode:04o}", about)
