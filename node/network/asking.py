"""Questions to other nodes, over streams that stay open.

A stream carries one question and its answer, then the next: after an answer the stream is kept for the next question of
that protocol, so neighbours that talk every two seconds negotiate once. A question is sent at most once: if its
stream breaks the caller is told, and decides. At most 4 questions at a time go to a peer; more wait, within their
deadline. Any error resets its stream.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

import trio
from libp2p.abc import INetStream
from libp2p.custom_types import TProtocol
from libp2p.host.basic_host import BasicHost
from libp2p.host.exceptions import StreamFailure

from node.network import frames
from node.network.counters import Counters
from node.network.errors import NetworkError, Reason
from node.network.frames import Status
from node.network.identity import library_id

PARALLEL = 4  # questions at a time to a peer
KEPT_IDLE_SECONDS = 30.0  # well below the time after which the answering side ends an idle stream

_ANSWERS = {Status.BUSY: Reason.BUSY, Status.FAILED: Reason.FAILED, Status.TOO_LARGE: Reason.TOO_LARGE}


@dataclass(slots=True)
class _Channel:
    stream: INetStream
    reader: frames.Reader
    idle_since: float = 0.0


class Questions:
    """The asking side. Streams do not survive their connection."""

    def __init__(self, counters: Counters, touch: Callable[[str], None]) -> None:
        self._counters = counters
        self._touch = touch
        self._kept: defaultdict[tuple[str, str], list[_Channel]] = defaultdict(list)
        self._asking: dict[str, trio.CapacityLimiter] = {}

    def forget(self, peer_id: str) -> None:
        """The peer is gone, and with it every stream to it."""
        for key in [key for key in self._kept if key[0] == peer_id]:
            del self._kept[key]
        if peer_id in self._asking and not self._asking[peer_id].statistics().borrowed_tokens:
            del self._asking[peer_id]

    async def ask(self, host: BasicHost, peer_id: str, protocol: str, payload: bytes, deadline: float) -> bytes:
        """The peer's answer, within `deadline` seconds. Raises NetworkError."""
        if len(payload) > frames.MAX_PAYLOAD:
            raise NetworkError(Reason.TOO_LARGE, f"{len(payload)} bytes, at most {frames.MAX_PAYLOAD}")
        self._counters.requests += 1
        try:
            with trio.fail_after(deadline):
                async with self._asking.setdefault(peer_id, trio.CapacityLimiter(PARALLEL)):
                    return await self._ask_on_channel(host, peer_id, protocol, payload)
        except trio.TooSlowError:
            self._counters.requests_failed += 1
            raise NetworkError(Reason.TIMEOUT, f"{protocol}: {deadline:g} s") from None
        except NetworkError:
            self._counters.requests_failed += 1
            raise

    async def _ask_on_channel(self, host: BasicHost, peer_id: str, protocol: str, payload: bytes) -> bytes:
        channel = self._take(peer_id, protocol) or await _open(host, peer_id, protocol)
        try:
            answer = await self._exchange(channel, payload)
        except NetworkError as error:
            if error.reason not in _ANSWERS.values():
                await frames.reset(channel.stream)
            raise
        except Exception as error:
            await frames.reset(channel.stream)
            raise NetworkError(Reason.BROKEN, f"{protocol}: {type(error).__name__}") from error
        except BaseException:
            await frames.reset(channel.stream)
            raise
        channel.idle_since = trio.current_time()
        self._kept[peer_id, protocol].append(channel)
        self._touch(peer_id)
        return answer

    async def _exchange(self, channel: _Channel, payload: bytes) -> bytes:
        await frames.write(channel.stream, Status.REQUEST, payload)
        head = await channel.reader.head()
        if head is None:
            raise NetworkError(Reason.BROKEN, "the peer ended the stream instead of answering")
        length, status = head
        answer = await channel.reader.payload(length, status)
        if status is not Status.OK:
            raise NetworkError(_ANSWERS.get(status, Reason.BROKEN))
        return answer

    def _take(self, peer_id: str, protocol: str) -> _Channel | None:
        kept = self._kept.get((peer_id, protocol), [])
        while kept:
            channel = kept.pop()
            fresh = trio.current_time() - channel.idle_since < KEPT_IDLE_SECONDS
            # A peer that restarts is linked again before its old connection is forgotten.
            if fresh and not channel.stream.muxed_conn.is_closed:
                return channel
        return None


async def _open(host: BasicHost, peer_id: str, protocol: str) -> _Channel:
    if not host.is_peer_connected(library_id(peer_id)):
        raise NetworkError(Reason.NOT_CONNECTED, peer_id)
    try:
        stream = await host.new_stream(library_id(peer_id), [TProtocol(protocol)])
    except StreamFailure as error:
        # The library's error for it has no type of its own.
        unknown = "protocols not supported" in str(error.__cause__)
        raise NetworkError(Reason.NOT_SUPPORTED if unknown else Reason.BROKEN, protocol) from error
    except Exception as error:
        raise NetworkError(Reason.BROKEN, f"{protocol}: {type(error).__name__}") from error
    return _Channel(stream, frames.Reader(stream))
