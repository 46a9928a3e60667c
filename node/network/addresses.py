"""Addresses as text: `/ip4/10.0.0.1/tcp/4001`, and with `/p2p/<peer id>` behind it where a peer is meant.

Addresses come from configuration and from other nodes, so they are checked here by one strict pattern
before the library's far more liberal parser sees them. Only TCP over IP or a DNS name is used.
"""

import ipaddress
import re

from node.network.identity import is_peer_id

MAX_ADDRESS_CHARS = 200
_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,126}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"/(ip4|ip6|dns|dns4|dns6)/([0-9a-fA-F:.]+|{_NAME})/tcp/([0-9]{{1,5}})")


def checked(address: str, *, port_zero: bool = False) -> str | None:
    """`address` if it is a plain transport address, else None. Port 0 is only good for listening."""
    match = _ADDRESS.fullmatch(address) if len(address) <= MAX_ADDRESS_CHARS else None
    if match is None:
        return None
    kind, host, port = match.groups()
    if not (0 if port_zero else 1) <= int(port) <= 65535:
        return None
    if not kind.startswith("dns") and not _is_ip(host, 4 if kind == "ip4" else 6):
        return None
    return address


def split_peer(text: str) -> tuple[str, str] | None:
    """(address, peer id) of `<address>/p2p/<peer id>`, or None if it is not one."""
    address, mark, peer_id = text.partition("/p2p/")
    if not mark or checked(address) is None or not is_peer_id(peer_id):
        return None
    return address, peer_id


def host_and_port(address: str) -> tuple[str, int]:
    """Host and port of a checked address."""
    _, _, host, _, port = address.split("/")
    return host, int(port)


def at_host(address: str, remote_ip: str) -> str:
    """A node that listens on 0.0.0.0 does not know its address; whoever it calls does: put `remote_ip` there."""
    host, port = host_and_port(address)
    if host not in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        return address
    kind = "ip6" if ":" in remote_ip else "ip4"
    return f"/{kind}/{remote_ip}/tcp/{port}"


def is_loopback(host: str) -> bool:
    """Whether `host` means this machine to whoever reads it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def multiaddr_of(text: str) -> str:
    """The multiaddr of `host:port`, `[v6]:port`, or of a text that already is one."""
    if text.startswith("/"):
        return text
    host, _, port = text.rpartition(":")
    host = host.strip("[]")
    kind = "dns"
    if _is_ip(host, 4):
        kind = "ip4"
    elif _is_ip(host, 6):
        kind = "ip6"
    return f"/{kind}/{host}/tcp/{port}"


def _is_ip(host: str, version: int) -> bool:
    try:
        return ipaddress.ip_address(host).version == version
    except ValueError:
        return False
