"""An address of a node: `/ip4/10.0.0.1/tcp/4001`, and with `/p2p/<peer id>` behind it where a peer is meant.

Addresses come from configuration and from other nodes, so they are checked here by one strict pattern before the
library's far more liberal parser sees them. Only TCP over IP or a DNS name is used. Needs nothing of the library, so
the command line and the configuration refuse what the network would.
"""

import ipaddress
import re

MAX_ADDRESS_CHARS = 200
LAST_PORT = 65_535
_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,126}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"/(ip4|ip6|dns|dns4|dns6)/([0-9a-fA-F:.]+|{_NAME})/tcp/([0-9]{{1,5}})")
# An Ed25519 peer id is the key itself behind a fixed prefix, so its text always has this length and beginning.
_PEER_ID = re.compile(r"12D3KooW[1-9A-HJ-NP-Za-km-z]{44}")


def is_peer_id(text: str) -> bool:
    """Whether `text` (hostile) is the peer id of an Ed25519 key, the only kind a fleet uses."""
    return _PEER_ID.fullmatch(text) is not None


def checked(address: str, *, port_zero: bool = False) -> str | None:
    """`address` if it is a plain transport address, else None. Port 0 is only good for listening."""
    match = _ADDRESS.fullmatch(address) if len(address) <= MAX_ADDRESS_CHARS else None
    if match is None:
        return None
    kind, host, port = match.groups()
    if not (0 if port_zero else 1) <= int(port) <= LAST_PORT:
        return None
    if not kind.startswith("dns") and not is_ip(host, 4 if kind == "ip4" else 6):
        return None
    return address


def split_peer(text: str) -> tuple[str, str] | None:
    """(address, peer id) of `<address>/p2p/<peer id>`, or None if it is not one."""
    address, mark, peer_id = text.partition("/p2p/")
    if not mark or checked(address) is None or not is_peer_id(peer_id):
        return None
    return address, peer_id


def is_ip(host: str, version: int) -> bool:
    try:
        return ipaddress.ip_address(host).version == version
    except ValueError:
        return False
