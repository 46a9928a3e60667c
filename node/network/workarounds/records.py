"""Signed address records, which every message carries: for the whole process."""

import time
from dataclasses import dataclass, field
from typing import Any, cast
from weakref import WeakKeyDictionary

import libp2p.pubsub.gossipsub as gossipsub
import libp2p.pubsub.pubsub as pubsub_module
from libp2p.abc import IHost
from libp2p.peer.envelope import consume_envelope
from libp2p.peer.id import ID
from libp2p.peer.peerstore import env_to_send_in_RPC
from libp2p.pubsub.pb import rpc_pb2
from libp2p.pubsub.utils import maybe_consume_signed_record

RECORD_FRESH_SECONDS = 5.0  # how long our own address record is reused without looking for new addresses
RECORDS_KEPT = 512  # signed records of peers known to be good, per host


@dataclass(slots=True)
class _Records:
    good: dict[ID, bytes] = field(default_factory=dict[ID, bytes])
    own: bytes = b""
    own_of: object = None
    own_until: float = 0.0


_records: WeakKeyDictionary[IHost, _Records] = WeakKeyDictionary()


def _consume_cached(msg: rpc_pb2.RPC, host: IHost, peer_id: ID) -> bool:
    if not msg.HasField("senderRecord"):
        return True
    good = _records.setdefault(host, _Records()).good
    if good.get(peer_id) == msg.senderRecord:
        return True
    try:
        envelope, record = consume_envelope(msg.senderRecord, "libp2p-peer-record")
        if record.peer_id != peer_id:
            return False
        # False only says "older than the one I know", which is no reason to drop the message beside it.
        host.get_peerstore().consume_peer_record(envelope, 7200)
    except Exception:
        return False
    if len(good) >= RECORDS_KEPT:
        good.clear()
    good[peer_id] = msg.senderRecord
    return True


def _send_cached(host: IHost) -> tuple[bytes, bool]:
    records = _records.setdefault(host, _Records())
    if records.own_of is not host.get_peerstore().get_local_record() or time.monotonic() > records.own_until:
        records.own, _ = env_to_send_in_RPC(host)
        records.own_of = host.get_peerstore().get_local_record()
        records.own_until = time.monotonic() + RECORD_FRESH_SECONDS
    return records.own, False


def cached_records(on: bool) -> None:
    """Each message carries a signed address record: a third of the cost of pubsub, and one that is older than
    another (a clock that was set back) silently takes the whole message with it."""
    for module in (cast("Any", pubsub_module), cast("Any", gossipsub)):
        module.maybe_consume_signed_record = _consume_cached if on else maybe_consume_signed_record
        module.env_to_send_in_RPC = _send_cached if on else env_to_send_in_RPC
