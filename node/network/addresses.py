"""What the overlay does with addresses that were checked (`node/addresses.py`)."""

import ipaddress

from node.addresses import is_ip


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
    if is_ip(host, 4):
        kind = "ip4"
    elif is_ip(host, 6):
        kind = "ip6"
    return f"/{kind}/{host}/tcp/{port}"
