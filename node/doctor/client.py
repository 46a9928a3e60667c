"""Whether programs of this user reach the node: looked at from where they stand, so by the command line."""

import grp
import os
import pwd
import socket
from collections.abc import Collection, Mapping
from pathlib import Path

from aggregator.client.settings import Settings, socket_paths, spool_directory
from node.control.state import Finding
from node.doctor.finding import ok, problem, unknown

SECONDS = 2.0  # for a connection


def reporting(environment: Mapping[str, str], ingest: Path, running: bool) -> Finding:
    """The socket that a program of this user and environment would report to. `ingest`: where the node listens."""
    settings = Settings(environ=environment)
    paths = [Path(each) for each in socket_paths(settings, environment)]
    reasons = {path: why_not(path) for path in paths}
    reached = next((path for path, reason in reasons.items() if reason is None), None)
    if reached:
        return ok("client", "programs of this user reach the node there", str(reached))
    denied = next((path for path, reason in reasons.items() if isinstance(reason, PermissionError)), None)
    if denied:
        return _denied(denied)
    tried = ", ".join(f"{path} ({reason and reason.strerror})" for path, reason in reasons.items())
    if not running:
        spool = spool_directory(settings, environment)
        return unknown("client", f"no node listens at {tried}; what is reported waits in {spool}", "start the node")
    if ingest in paths:
        return problem("client", f"the node runs, but nothing listens at {tried}", "restart the node", str(ingest))
    mend = f"set AGGREGATOR_SOCKET={ingest} in the environment of the programs"
    return problem("client", f"programs of this user report to {tried}; the node listens at {ingest}", mend)


def waiting(environment: Mapping[str, str], watched: Collection[str]) -> Finding:
    """Where records of this user wait while the node is away. `watched`: where the node looks; empty: not known."""
    settings = Settings(environ=environment)
    if settings.on_absent == "drop":
        return ok("spool", "programs of this user keep nothing while the node is away (AGGREGATOR_ON_ABSENT=drop)")
    path = spool_directory(settings, environment)
    if watched and path not in watched:
        made = "make /var/spool/error-aggregator (mode 3733, of the node's user and group)"
        mend = f"{made}, or add this directory to ingest.spool"
        return problem("spool", "records of this user wait where the node does not look", mend, path)
    there = next(each for each in (Path(path), *Path(path).parents) if each.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        return problem("spool", "programs of this user cannot write there", f"chown or chmod {there}", path)
    return ok("spool", "records of this user wait there while the node is away", path)


def why_not(path: Path) -> OSError | None:
    """Why nobody answers at `path`; None: somebody does."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(SECONDS)
        try:
            probe.connect(str(path))
        except OSError as error:
            return error
    return None


def _denied(path: Path) -> Finding:
    user = _user(os.getuid())
    try:
        group = grp.getgrgid(path.stat().st_gid).gr_name
    except (OSError, KeyError):
        mend = f"let user {user} pass through the directories of {path} (chmod o+x)"
    else:
        mend = f"usermod -aG {group} {user}, and log in again"
    return problem("client", f"user {user} may not write to it", mend, str(path))


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
