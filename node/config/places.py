"""Where things are, once the configuration's empty paths are filled in."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from node.config.sections import Config

NAME = "error-aggregator"
SYSTEM_STATE = Path("/var/lib") / NAME


@dataclass(frozen=True)
class Places:
    """Absolute paths. `spools` need not exist. `passed`: the sockets, by role, that a service manager made."""

    directory: Path
    ingest: Path
    datagram: Path
    control: Path
    spools: tuple[Path, ...]
    passed: frozenset[str] = frozenset()


def places(config: Config, environment: Mapping[str, str], user: int | None = None) -> Places:
    """The paths of `config` for `user` (None: who runs this).

    Where the node is a service with a user of its own, root and that user mean the service, however they logged in.
    """
    user = os.getuid() if user is None else user
    service = service_user()
    serves = service is not None and user in (0, service)
    home = Path(environment.get("HOME", "/"))
    state = Path(environment.get("XDG_STATE_HOME") or home / ".local" / "state") / NAME
    runtime = None if serves else environment.get("XDG_RUNTIME_DIR")
    ingest = config.ingest.socket or environment.get("AGGREGATOR_SOCKET")
    socket = Path(ingest) if ingest else (Path(runtime) if runtime else Path("/run")) / NAME / "ingest.sock"
    told = [environment["AGGREGATOR_SPOOL"]] if environment.get("AGGREGATOR_SPOOL") else []
    return Places(
        directory=_path(config.node.directory, SYSTEM_STATE if user == 0 or serves else state),
        ingest=socket.absolute(),
        datagram=_path(config.ingest.datagram_socket, socket.with_name("datagram.sock")),
        control=_path(config.control.socket, socket.with_name("control.sock")),
        spools=tuple(_path(each, home) for each in config.ingest.spool or told)
        or (Path("/var/spool") / NAME, state / "spool"),
    )


def service_user() -> int | None:
    """To whom the system's state directory belongs, if that is not root; None: no service is installed here."""
    try:
        return os.stat(SYSTEM_STATE).st_uid or None
    except OSError:
        return None


def _path(given: str, default: Path) -> Path:
    return (Path(given).expanduser() if given else default).absolute()
