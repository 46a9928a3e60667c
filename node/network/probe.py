"""Why a node cannot be reached, in words that say what to do; and the test of one address before `join` uses it.

A wrong private network key looks like an unreachable peer: both sides wait for bytes that make sense. So the test first
asks whether anything listens there at all, and only then whether it is a node of this fleet.
"""

from typing import cast

import trio
from libp2p.security.noise.exceptions import PeerIDMismatchesPubkey
from multiaddr import Multiaddr

from node.addresses import split_peer
from node.network.addresses import host_and_port
from node.network.asking import Questions
from node.network.counters import Counters
from node.network.errors import NetworkError, Reason
from node.network.host import build_host, running, swarm_of
from node.network.identity import identity_of, library_id
from node.network.settings import NetworkSettings

_MAYBE = "another private network key (psk) on one of the two sides, or another program"
_OTHER_KEY = f"something answers there, but not as a node of this fleet: {_MAYBE}"


async def test_address(multiaddr: str, psk: str, key: bytes, timeout: float) -> str | None:
    """None if the node named in `<address>/p2p/<peer id>` answers, else why not.

    Opens one connection with the identity of `key` (32 bytes) and closes it. Takes at most about `timeout` seconds.
    A node that does not accept this peer still answers: whether one is a member is not the network's to say.
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
    answered = False
    try:
        with trio.fail_after(timeout):
            await (await trio.open_tcp_stream(*host_and_port(address))).aclose()
            answered = True
            async with running(host):
                await swarm_of(host).dial_addr(Multiaddr(address), library_id(peer_id))
    except Exception as error:
        # The border of one test: its whole result is a text.
        return reason_of(error, address, answered=answered)
    return None


async def ask_address(multiaddr: str, psk: str, key: bytes, protocol: str, payload: bytes, timeout: float) -> bytes:
    """What the node named in the address answers to a question asked with the identity of `key`. Raises NetworkError.

    For who has no network yet: opens one connection and closes it.
    """
    pair = split_peer(multiaddr)
    if pair is None:
        raise NetworkError(Reason.BAD_SETTING, f"not an address of a node: {multiaddr!r}")
    address, peer_id = pair
    host = build_host(NetworkSettings(psk=psk), identity_of(key))
    try:
        with trio.fail_after(timeout):
            async with running(host):
                await swarm_of(host).dial_addr(Multiaddr(address), library_id(peer_id))
                return await Questions(Counters(), lambda _peer: None).ask(host, peer_id, protocol, payload, timeout)
    except Exception as error:
        # The border of one visit: whatever the library raises, the caller hears that there was no answer.
        raise NetworkError(Reason.NOT_CONNECTED, reason_of(error, address, answered=True)) from error


def reason_of(error: BaseException, address: str, *, answered: bool = False) -> str:
    """What a failed dial means; `answered` if something is known to listen there."""
    causes = _causes(error)
    if any(isinstance(cause, PeerIDMismatchesPubkey) for cause in causes):
        return f"another node answers at {address}: its peer id is not the one in the address"
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return f"connection refused: nothing listens at {address}"
    if answered or any(isinstance(cause, ConnectionResetError | BrokenPipeError) for cause in causes):
        return f"{address}: {_OTHER_KEY}"
    for cause in causes:
        if isinstance(cause, OSError):
            return f"{address} cannot be reached: {cause}"
    if any(isinstance(cause, trio.TooSlowError) for cause in causes):
        return f"no answer from {address} in time; if something does listen there, then {_MAYBE}"
    return f"{address}: {_OTHER_KEY}"


def _causes(error: BaseException) -> list[BaseException]:
    """The error, what caused it, and what is inside groups."""
    found: list[BaseException] = [error]
    for one in found:
        inner = list(cast("BaseExceptionGroup[BaseException]", one).exceptions) if _is_group(one) else []
        for cause in (*inner, one.__cause__ or one.__context__):
            if cause is not None and not any(cause is known for known in found):
                found.append(cause)
    return found


def _is_group(error: BaseException) -> bool:
    return isinstance(error, BaseExceptionGroup)
