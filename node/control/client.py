"""Ask the node over its control socket."""

import socket
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from aggregator.brief import brief
from aggregator.fleetkey import Keys
from node.control.changes import Decision
from node.control.done import Banned, Reloaded, Renewed, Ruled
from node.control.peers import Leading, PeerRow
from node.control.roll import Ban
from node.control.rows import BundleRow, Detail, ErrorRow, IssueRow, Planned, Summary
from node.control.state import Finding, Notified, Stats, Status

T = TypeVar("T")
SECONDS = 10.0  # for an answer; the node answers from memory
BUNDLE_SECONDS = 600.0  # a bundle talks to GitHub, which may ask for a pause
DOCTOR_SECONDS = 120.0  # as long as several repositories, asked with a pause between two questions, may take
NOTIFY_SECONDS = 900.0  # two notifications, each with all its attempts and pauses, at the longest time-out
NOTES = "Error-Aggregator-Notes"  # header, as the server writes it
REMEDY = "start one with `aggregator node`, or name its socket with --socket or AGGREGATOR_CONTROL_SOCKET"
OTHER_USER = "run this as the user that runs the node, or as root"
SEE_LOG = "see its log (journalctl -u error-aggregator for the service), and restart it if it does not go on"
OTHER_VERSION = "restart it with the version that is installed (systemctl restart error-aggregator for the service)"


class Unreachable(Exception):
    """No node answers. The text names the socket, what is the matter with it, and the remedy."""

    def __init__(self, place: object, found: str, remedy: str = REMEDY) -> None:
        super().__init__(f"{place}: {found}: {remedy}")
        self.found = f"{place}: {found}"
        self.remedy = remedy


class Silent(Unreachable):
    """One is there, and gave no answer in time, or in the middle of it."""


class Forbidden(Silent):
    """One may be there: this user may not ask it."""


class Refused(Exception):
    """The node says no; the text is its own."""


class Client:
    """One node. Every method raises `Unreachable` and `Refused`."""

    def __init__(self, path: Path) -> None:
        self.socket = path
        self.notes: list[str] = []  # about where the last answer is from

    def status(self) -> Status:
        return self._get("status", Status)

    def errors(self) -> list[ErrorRow]:
        return self._get("errors", list[ErrorRow])

    def show(self, name: str) -> Detail:
        return self._get(f"errors/{quote(name, safe='')}", Detail)

    def preview(self, name: str) -> Planned:
        return self._get(f"errors/{quote(name, safe='')}/preview", Planned)

    def bundles(self) -> list[BundleRow]:
        return self._get("bundles", list[BundleRow])

    def bundle(self, *, dry_run: bool) -> Summary:
        return self._ask("POST", "bundle?dry_run=1" if dry_run else "bundle", Summary, seconds=BUNDLE_SECONDS)

    def issues(self) -> list[IssueRow]:
        return self._get("issues", list[IssueRow])

    def stats(self) -> Stats:
        return self._get("stats", Stats)

    def decide(self, decision: Decision) -> Ruled:
        return self._ask("POST", "decisions", Ruled, decision)

    def peers(self) -> list[PeerRow]:
        return self._get("peers", list[PeerRow])

    def leader(self) -> list[Leading]:
        return self._get("leader", list[Leading])

    def ban(self, ban: Ban) -> Banned:
        return self._ask("POST", "bans", Banned, ban)

    def renew(self, keys: Keys) -> Renewed:
        return self._ask("POST", "keys", Renewed, keys)

    def reload(self) -> Reloaded:
        return self._ask("POST", "reload", Reloaded)

    def doctor(self, *, offline: bool) -> list[Finding]:
        path = "doctor?offline=1" if offline else "doctor"
        return self._ask("POST", path, list[Finding], seconds=DOCTOR_SECONDS)

    def notified(self) -> Notified:
        return self._get("notify", Notified)

    def notify(self) -> Notified:
        """Send a test, and wait for what became of it."""
        return self._ask("POST", "notify", Notified, seconds=NOTIFY_SECONDS)

    def _get(self, path: str, answer: type[T]) -> T:
        return self._ask("GET", path, answer)

    def _ask(self, method: str, path: str, answer: Any, content: object = None, seconds: float = SECONDS) -> Any:
        reach(self.socket)
        transport = httpx.HTTPTransport(uds=str(self.socket))
        try:
            with httpx.Client(transport=transport, base_url="http://node/v1/", timeout=seconds) as http:
                body = msgspec.json.encode(content) if content is not None else None
                response = http.request(method, path, content=body)
        except httpx.TimeoutException:
            raise Silent(self.socket, f"the node did not answer within {seconds:.0f} s", SEE_LOG) from None
        except httpx.TransportError as error:
            raise Silent(self.socket, f"the node went away while it was asked ({error})", SEE_LOG) from None
        if response.status_code >= 400:
            raise Refused(_error(response.content))
        if response.status_code >= 300:
            raise Refused("there is nothing of that name")  # an empty one is no part of an address
        try:
            self.notes = msgspec.json.decode(response.headers.get(NOTES, "[]"), type=list[str])
            return msgspec.json.decode(response.content, type=answer)
        except msgspec.DecodeError as error:
            raise Refused(f"the node's answer cannot be read ({brief(error)}): {OTHER_VERSION}") from None


def reach(path: Path) -> None:
    """Raise `Unreachable` unless something listens at `path`: httpx would not tell why, and leak a descriptor."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(SECONDS)
        try:
            probe.connect(str(path))
        except PermissionError:
            raise Forbidden(path, "this user may not talk to the node", OTHER_USER) from None
        except OSError as error:
            raise Unreachable(path, f"no node answers there ({error.strerror or error})") from None


def _error(content: bytes) -> str:
    try:
        return msgspec.json.decode(content, type=dict[str, str])["error"]
    except (msgspec.DecodeError, KeyError):
        return "the node answered with an error that it does not explain: see its log"
