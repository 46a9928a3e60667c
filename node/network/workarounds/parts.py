"""What is being protected: one host, and whom it reports to."""

from dataclasses import dataclass
from typing import Protocol

import trio
from libp2p.host.basic_host import BasicHost
from libp2p.network.swarm import Swarm
from libp2p.peer.id import ID
from libp2p.pubsub.pb import rpc_pb2
from libp2p.pubsub.pubsub import Pubsub


class Sink(Protocol):
    """What the guarded library reports to us."""

    def admit(self, peer_id: str) -> str | None: ...  # a reason to refuse the connection, or None
    def arrived(self, forwarder: str) -> None: ...  # a copy of a message came in
    def deliver(self, origin: str, data: bytes) -> None: ...  # a message passed all checks
    def queue_full(self) -> None: ...  # a copy for one neighbour was dropped
    def misbehaved(self, reason: str, detail: str) -> None: ...  # something of a peer's was refused


class GuardedPubsub(Pubsub):
    """Pubsub whose messages go straight to the sink, and in which a bad message is a counter.

    Messages do not pass the library's subscription channel: it holds 32 and drops the rest.
    """

    sink: Sink
    guard_messages = False
    registering: dict[ID, trio.Lock] | None = None

    async def push_msg(self, msg_forwarder: ID, msg: rpc_pb2.Message) -> None:
        if msg_forwarder != self.my_id:
            self.sink.arrived(str(msg_forwarder))
        if not self.guard_messages:
            return await super().push_msg(msg_forwarder, msg)
        # A key that cannot be parsed, or a validator that raises, would end the whole host.
        try:
            await super().push_msg(msg_forwarder, msg)
        except Exception as error:
            self.sink.misbehaved("bad message", f"from {msg_forwarder}: {error!r}")
        return None

    async def _handle_new_peer(self, peer_id: ID) -> None:
        if self.registering is None:
            return await super()._handle_new_peer(peer_id)
        lock = self.registering.setdefault(peer_id, trio.Lock())
        try:
            async with lock:
                await super()._handle_new_peer(peer_id)
        finally:
            if not lock.locked():
                self.registering.pop(peer_id, None)
        return None

    def notify_subscriptions(self, publish_message: rpc_pb2.Message) -> None:
        origin = ID(publish_message.from_id)
        if origin != self.my_id and any(topic in self.topic_ids for topic in publish_message.topicIDs):
            self.sink.deliver(str(origin), publish_message.data)


@dataclass(frozen=True, slots=True)
class Parts:
    """What is being protected."""

    host: BasicHost
    swarm: Swarm
    pubsub: GuardedPubsub
    sink: Sink
