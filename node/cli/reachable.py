"""Where other machines reach this node: what an invitation names.

What was announced, else what is listened on, with every wildcard replaced by the addresses of this machine's
interfaces, the one that leads out first. Addresses that mean another machine to whoever reads them (loopback, wildcard,
link-local) are never offered, loopback only when asked for.
"""

import ipaddress
import socket
from collections.abc import Iterable, Iterator

import ifaddr

from node.addresses import checked, split_peer
from node.cli.verb import Problem, Usage
from node.config.local import Network

OUTSIDE = ("192.0.2.1", 9)  # an address that nobody has: asked of the routing table only, nothing is sent
PORT_ZERO = "network.listen has port 0, a free one at each start: give a port, network.announce, or --address"


def offered(network: Network, given: Iterable[str], peer: str, loopback: bool) -> list[str]:
    """Addresses with peer ids. `given` comes first and is refused when it cannot work. Raises `Problem`, `Usage`."""
    named = [_named(each, peer, loopback) for each in given]
    told = named or [f"{each}/p2p/{peer}" for each in _own(network, loopback)]
    if not told:
        raise Problem(
            "no address of this machine that others could reach: set network.announce, or give --address "
            "/ip4/192.0.2.1/tcp/4001 (for a demo on one machine, --allow-loopback)"
        )
    return list(dict.fromkeys(told))


def is_node_address(text: str) -> bool:
    """Whether `text` is `/ip4/…/tcp/…/p2p/<peer id>`."""
    return split_peer(text) is not None


def _named(text: str, peer: str, loopback: bool) -> str:
    from node.network.addresses import multiaddr_of  # takes a second to import, which other verbs shall not pay

    address, mark, named = text.partition("/p2p/")
    address = multiaddr_of(address)
    whole = f"{address}/p2p/{named if mark else peer}"
    if checked(address) is None or not is_node_address(whole):
        raise Usage(f"--address {text}: expected /ip4/192.0.2.1/tcp/4001, /dns/host.example/tcp/4001 or host:port")
    if not _of_use(address, loopback):
        raise Usage(f"--address {text}: another machine cannot reach this one there (for a demo: --allow-loopback)")
    return whole


def _own(network: Network, loopback: bool) -> Iterator[str]:
    from node.network.addresses import multiaddr_of  # takes a second to import, which other verbs shall not pay

    for text in network.announce or network.listen:
        address = multiaddr_of(text)
        if checked(address) is None:
            raise Problem(
                f"network.listen: {text} is not an address that works" if "/tcp/0" not in address else PORT_ZERO
            )
        for each in _spread(address, loopback):
            if _of_use(each, loopback):
                yield each


def _spread(address: str, loopback: bool) -> list[str]:
    """A wildcard stands for every interface of its family."""
    kind, host, port = address.split("/")[1:5:1][0], address.split("/")[2], address.split("/")[4]
    if host not in ("0.0.0.0", "::"):  # noqa: S104  # compared, not bound
        return [address]
    return [f"/{kind}/{each}/tcp/{port}" for each in _interfaces(6 if kind == "ip6" else 4, loopback)]


def _interfaces(version: int, loopback: bool) -> list[str]:
    """The addresses of this machine, the one that leads out first, loopback last."""
    found = [ip.ip if isinstance(ip.ip, str) else ip.ip[0] for each in ifaddr.get_adapters() for ip in each.ips]
    mine = [each for each in found if ipaddress.ip_address(each).version == version]
    out = _way_out() if version == 4 else ""
    return sorted(dict.fromkeys(mine), key=lambda each: (each != out, ipaddress.ip_address(each).is_loopback))


def _way_out() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(OUTSIDE)
        except OSError:
            return ""
        return str(probe.getsockname()[0])


def _of_use(address: str, loopback: bool) -> bool:
    kind, host = address.split("/")[1:3]
    if kind.startswith("dns"):
        return loopback or host != "localhost"
    ip = ipaddress.ip_address(host)
    if ip.is_loopback:
        return loopback
    return not (ip.is_unspecified or ip.is_link_local or ip.is_multicast)
