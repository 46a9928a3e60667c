"""Why a node cannot be reached, in words that say what to do; and the test of one address before `join` uses it.

A wrong private network key looks like an unreachable peer: both sides wait for bytes that make sense. So the test first
asks whether anything listens there at all, and only then whether it is a node of this fleet.
"""

from typing import cast

import trio
from libp2p.tools.anyio_service import background_trio_service
from multiaddr import Multiaddr

from node.network.addresses import host_and_port, split_peer
from node.network.errors import NetworkError
from node.network.host import build_host, close_sockets, swarm_of
from node.network.identity import identity_of, library_id
from node.network.settings import NetworkSettings

_OTHER_KEY = (
    "something answers there, but not as a node of this fleet: another private network key (psk) on one of the two "
    "sides, or another program"
)


async def test_address(multiaddr: str, psk: str, key: bytes, timeout: float) -> str | None:
    """None if the node named in `<address>/p2p/<peer id>` answers, else why not.

    Opens one connection with the identity of `key` (32 bytes) and closes it. Takes at most `timeout` seconds.
    """
    pair = split_peer(multiaddr)
    if pair is None:
        return f"not an address of a node: {multiaddr!r} (expected /ip4/10.0.0.1/tcp/4001/p2p/<peer id>)"
    address, peer_id = pair
    try:
        identity = identity_of(key)
        settings = NetworkSettings(psk=psk)
    except NetworkError as error:
        return str(error)
    if peer_id == identity.peer_id:
        return f"{address} is this node itself"
    host = build_host(settings, identity)
    swarm = swarm_of(host)
    try:
        with trio.fail_after(timeout):
            await (await trio.open_tcp_stream(*host_and_port(address))).aclose()
            async with background_trio_service(swarm):
                try:
                    await swarm.dial_addr(Multiaddr(address), library_id(peer_id))
                finally:
                    await close_sockets(swarm)
    except Exception as error:
        # The border of one test: its whole result is a text.
        return reason_of(error, address)
    return None


def reason_of(error: BaseException, address: str) -> str:
    """What a failed dial means."""
    chain = list(_causes(error))
    text = " ".join(str(cause) for cause in chain)
    if any(isinstance(cause, ConnectionRefusedError) for cause in chain) or "refused" in text.lower():
        return f"connection refused: nothing listens at {address}"
    if "mismatch" in text.lower():
        return f"another node answers at {address} (another peer id)"
    if any(isinstance(cause, OSError) for cause in chain):
        return f"{address} cannot be reached: {next(c for c in chain if isinstance(c, OSError))}"
    if any(isinstance(cause, trio.TooSlowError) for cause in chain) or "timeout" in text.lower():
        return f"no answer from {address} in time; if it does listen: {_OTHER_KEY}"
    return f"{address}: {_OTHER_KEY}"


def _causes(error: BaseException) -> list[BaseException]:
    """The error, what caused it, and what is inside groups."""
    found: list[BaseException] = []
    waiting: list[BaseException] = [error]
    while waiting and len(found) < 32:
        one = waiting.pop(0)
        found.append(one)
        if isinstance(one, BaseExceptionGroup):
            waiting += cast("BaseExceptionGroup[BaseException]", one).exceptions
        waiting += [cause for cause in (one.__cause__, one.__context__) if cause is not None and cause not in found]
    return found
