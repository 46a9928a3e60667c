"""Questions and answers between two nodes, over streams that stay open.

A stream carries one question and its answer, then the next. After an answer the asking side keeps the stream for its
next question of that protocol, so neighbours that talk every two seconds negotiate once. A question is sent at most
once: if its stream breaks the caller is told, and decides.

Bounds: 4 questions at a time to a peer (more wait, within their deadline) and 4 from a peer (more wait unread);
16 streams from a peer (more are reset); 1 MiB a frame; a deadline on each frame and each handler.
Any error resets its stream; it never leaves it.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

import trio
from libp2p.abc import INetStream
from libp2p.custom_types import StreamHandlerFn, TProtocol
from libp2p.host.basic_host import BasicHost
from libp2p.host.exceptions import StreamFailure

from node.network import frames
from node.network.counters import Counters
from node.network.errors import NetworkError, Reason
from node.network.frames import Status
from node.network.identity import library_id
from node.network.logs import Log

Handler = Callable[[str, bytes], Awaitable[bytes]]

PARALLEL = 4  # questions at a time, per peer and direction
STREAMS_PER_PEER = 16
FRAME_SECONDS = 10.0
HANDLER_SECONDS = 30.0
SERVED_IDLE_SECONDS = 60.0  # then the answering side ends a stream
KEPT_IDLE_SECONDS = 30.0  # the asking side gives a stream up well before that

_ANSWERS = {Status.BUSY: Reason.BUSY, Status.FAILED: Reason.FAILED, Status.TOO_LARGE: Reason.TOO_LARGE}


class Touch(Protocol):
    def __call__(self, peer_id: str) -> None: ...


@dataclass(slots=True)
class _Channel:
    stream: INetStream
    reader: frames.Reader
    idle_since: float = 0.0


class Streams:
    """Both sides. Handlers survive a rebuild of the stack, streams do not."""

    def __init__(self, counters: Counters, touch: Touch, log: Log) -> None:
        self.handlers: dict[str, Handler] = {}
        self._counters = counters
        self._touch = touch
        self._log = log
        self._kept: defaultdict[tuple[str, str], list[_Channel]] = defaultdict(list)
        self._asking: dict[str, trio.CapacityLimiter] = {}
        self._answering: dict[str, trio.CapacityLimiter] = {}
        self._open: Counter[str] = Counter()

    def attach(self, host: BasicHost) -> None:
        """Answer on this host."""
        for protocol in self.handlers:
            self.attach_one(host, protocol)

    def attach_one(self, host: BasicHost, protocol: str) -> None:
        host.set_stream_handler(TProtocol(protocol), self._server(protocol))

    def forget(self, peer_id: str) -> None:
        """The peer is gone, and with it every stream to it."""
        for key in [key for key in self._kept if key[0] == peer_id]:
            del self._kept[key]
        for limiters in (self._asking, self._answering):
            if peer_id in limiters and not limiters[peer_id].statistics().borrowed_tokens:
                del limiters[peer_id]

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
                await _reset(channel.stream)
            raise
        except Exception as error:
            await _reset(channel.stream)
            raise NetworkError(Reason.BROKEN, f"{protocol}: {type(error).__name__}") from error
        except BaseException:
            await _reset(channel.stream)
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

    def _server(self, protocol: str) -> StreamHandlerFn:
        async def serve(stream: INetStream) -> None:
            peer_id = str(stream.muxed_conn.peer_id)
            if self._open[peer_id] >= STREAMS_PER_PEER:
                self._counters.reject("too many streams")
                return await _reset(stream)
            self._open[peer_id] += 1
            try:
                await self._answer_all(stream, peer_id, protocol)
            finally:
                self._open[peer_id] -= 1
                if not self._open[peer_id]:
                    del self._open[peer_id]
            return None

        return serve

    async def _answer_all(self, stream: INetStream, peer_id: str, protocol: str) -> None:
        reader = frames.Reader(stream)
        try:
            while await self._answer_one(stream, reader, peer_id, protocol):
                self._counters.served += 1
                self._touch(peer_id)
            await stream.close()
        except Exception as error:
            # One stream of one peer: whatever is wrong with it stays with it.
            self._counters.reject("broken request")
            self._log.debug("stream ended", peer=peer_id, protocol=protocol, reason=ascii(error)[:200])
            await _reset(stream)
        except BaseException:
            await _reset(stream)
            raise

    async def _answer_one(self, stream: INetStream, reader: frames.Reader, peer_id: str, protocol: str) -> bool:
        with trio.move_on_after(SERVED_IDLE_SECONDS):
            head = await reader.head()
            if head is None:
                return False
            async with self._answering.setdefault(peer_id, trio.CapacityLimiter(PARALLEL)):
                with trio.fail_after(FRAME_SECONDS):
                    request = await reader.payload(*head)
                status, answer = await self._handle(peer_id, protocol, request)
                with trio.fail_after(FRAME_SECONDS):
                    await frames.write(stream, status, answer)
            return True
        return False

    async def _handle(self, peer_id: str, protocol: str, request: bytes) -> tuple[Status, bytes]:
        started = time.monotonic()
        try:
            with trio.fail_after(HANDLER_SECONDS):
                answer = await self.handlers[protocol](peer_id, request)
        except Exception as error:
            # The reason stays here: the peer learns only that there is no answer.
            self._counters.reject("request failed")
            seconds = round(time.monotonic() - started, 3)
            self._log.warning("request failed", peer=peer_id, protocol=protocol, error=repr(error), seconds=seconds)
            return Status.FAILED, b""
        if len(answer) > frames.MAX_PAYLOAD:
            self._log.warning("answer too large", peer=peer_id, protocol=protocol, bytes=len(answer))
            return Status.TOO_LARGE, b""
        return Status.OK, answer


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


async def _reset(stream: INetStream) -> None:
    """Without a reset the other side would wait; a second is enough to say so, even while being cancelled."""
    with trio.move_on_after(1, shield=True):
        await stream.reset()
