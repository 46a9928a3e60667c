"""Of one host's pubsub: bad messages, streams that belong to nobody, numbers that begin anew, narrow queues."""

import time
from typing import Any, cast

from libp2p.peer.id import ID
from libp2p.pubsub.pb import rpc_pb2
from libp2p.pubsub.rpc_queue import RpcQueue

from node.network.workarounds.parts import Parts, Sink

QUEUE_MESSAGES = 1024  # per neighbour; the library's 32 loses 968 of a burst of 1,000


def guarded_messages(parts: Parts) -> None:
    """See `GuardedPubsub.push_msg`: a message whose key cannot be parsed ends the whole host."""
    parts.pubsub.guard_messages = True


def registered_once(parts: Parts) -> None:
    """Whether a neighbour has a stream is looked at before one is opened, which takes a moment: two connections at
    once, or a repair beside a retry, and it has two. The first then belongs to nobody, and both sides hold it for as
    long as there is a link."""
    parts.pubsub.registering = {}


def fresh_sequence_numbers(parts: Parts) -> None:
    """Numbers start at the time in seconds and grow per message: after a restart peers take new ones for old."""
    parts.pubsub.counter = time.time_ns()


class _WideQueues(dict[ID, RpcQueue]):
    """Widens each neighbour's queue as it is registered, and counts what it drops nevertheless.

    A neighbour with two connections is registered twice. The queue that is replaced has nobody left who closes it, and
    who sends from it would wait for ever: two tasks more with every such meeting.
    """

    def __init__(self, sink: Sink) -> None:
        super().__init__()
        self._sink = sink

    def __setitem__(self, peer_id: ID, queue: RpcQueue) -> None:
        cast("Any", queue)._queue.max_size = QUEUE_MESSAGES
        push = queue.push

        def counted(rpc: rpc_pb2.RPC, priority: bool = False) -> bool:
            taken = push(rpc, priority)
            if not taken:
                self._sink.queue_full()
            return taken

        queue.push = counted
        replaced = self.get(peer_id)
        super().__setitem__(peer_id, queue)
        if replaced is not None and replaced is not queue:
            replaced.close()


def wide_queues(parts: Parts) -> None:
    """The queue per neighbour holds 32 messages and drops the rest without a word; one that is replaced stays open."""
    parts.pubsub.peer_queues = _WideQueues(parts.sink)
