"""Answers to other nodes' questions, one after the other on each of their streams.

Bounds: 4 questions at a time from a peer (more wait unread), 16 streams from a peer (more are reset), a deadline on
each frame and each handler. Whatever is wrong with a stream stays with it: a reason, a counter, a reset.
"""

import time
from collections import Counter
from collections.abc import Awaitable, Callable

import trio
from libp2p.abc import INetStream
from libp2p.custom_types import StreamHandlerFn, TProtocol
from libp2p.host.basic_host import BasicHost

from node.network import frames
from node.network.counters import Counters
from node.network.frames import Status
from node.network.logs import Log

Handler = Callable[[str, bytes], Awaitable[bytes]]

PARALLEL = 4  # questions at a time from a peer
STREAMS_PER_PEER = 16
FRAME_SECONDS = 10.0
HANDLER_SECONDS = 30.0
IDLE_SECONDS = 60.0  # then a stream is ended


class Answers:
    """The answering side. Handlers survive a rebuild of the stack, streams do not."""

    def __init__(self, counters: Counters, touch: Callable[[str], None], log: Log) -> None:
        self._handlers: dict[str, Handler] = {}
        self._counters = counters
        self._touch = touch
        self._log = log
        self._answering: dict[str, trio.CapacityLimiter] = {}
        self._open: Counter[str] = Counter()

    def add(self, protocol: str, handler: Handler, host: BasicHost | None) -> None:
        """Answer a protocol, on `host` at once if there is one."""
        self._handlers[protocol] = handler
        if host is not None:
            host.set_stream_handler(TProtocol(protocol), self._server(protocol))

    def attach(self, host: BasicHost) -> None:
        """Answer everything on a new host."""
        for protocol in self._handlers:
            host.set_stream_handler(TProtocol(protocol), self._server(protocol))

    def forget(self, peer_id: str) -> None:
        """The peer is gone."""
        if peer_id in self._answering and not self._answering[peer_id].statistics().borrowed_tokens:
            del self._answering[peer_id]

    def _server(self, protocol: str) -> StreamHandlerFn:
        async def serve(stream: INetStream) -> None:
            peer_id = str(stream.muxed_conn.peer_id)
            if self._open[peer_id] >= STREAMS_PER_PEER:
                self._counters.reject("too many streams")
                return await frames.reset(stream)
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
            await frames.reset(stream)
        except BaseException:
            await frames.reset(stream)
            raise

    async def _answer_one(self, stream: INetStream, reader: frames.Reader, peer_id: str, protocol: str) -> bool:
        with trio.move_on_after(IDLE_SECONDS):
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
                answer = await self._handlers[protocol](peer_id, request)
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
