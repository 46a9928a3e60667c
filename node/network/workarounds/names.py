"""What is relied on and not promised: looked for before anything is built.

If another version of the library lacks a name, the node says so and does not start half-protected.
"""

import importlib.metadata

import libp2p.io.utils as read_utils
import libp2p.network.health.monitor as monitor_module
import libp2p.network.swarm as swarm_module
import libp2p.pubsub.gossipsub as gossipsub
import libp2p.pubsub.pubsub as pubsub_module
from libp2p.network.auto_connector import AutoConnector
from libp2p.network.swarm import Swarm
from libp2p.pubsub.pubsub import Pubsub
from libp2p.pubsub.rpc_queue import RpcQueue
from libp2p.security.pnet.psk_conn import PskConn
from libp2p.security.secure_session import SecureSession
from libp2p.stream_muxer.yamux.yamux import YamuxStream
from libp2p.tools.anyio_service.trio_manager import TrioManager

from node.network.errors import NetworkError, Reason

PINNED = "0.8.1"


def check_private_names() -> None:
    """Raise NetworkError, naming the pinned version, if the library lacks something that is used here."""
    queue = getattr(RpcQueue(), "_queue", None)
    needed = {
        "Swarm._do_handle_inbound_connection": hasattr(Swarm, "_do_handle_inbound_connection"),
        "Swarm.dial_peer": hasattr(Swarm, "dial_peer"),
        "Swarm.add_conn": hasattr(Swarm, "add_conn"),
        "Swarm.upgrade_inbound_raw_conn": hasattr(Swarm, "upgrade_inbound_raw_conn"),
        "AutoConnector.maybe_connect": hasattr(AutoConnector, "maybe_connect"),
        "Pubsub.push_msg": hasattr(Pubsub, "push_msg"),
        "Pubsub._handle_new_peer": hasattr(Pubsub, "_handle_new_peer"),
        "Pubsub.notify_subscriptions": hasattr(Pubsub, "notify_subscriptions"),
        "RpcQueue._queue.max_size": hasattr(queue, "max_size"),
        "pubsub.maybe_consume_signed_record": hasattr(pubsub_module, "maybe_consume_signed_record"),
        "pubsub.env_to_send_in_RPC": hasattr(pubsub_module, "env_to_send_in_RPC"),
        "gossipsub.maybe_consume_signed_record": hasattr(gossipsub, "maybe_consume_signed_record"),
        "gossipsub.env_to_send_in_RPC": hasattr(gossipsub, "env_to_send_in_RPC"),
        "swarm.new_protected_conn": hasattr(swarm_module, "new_protected_conn"),
        "YamuxStream._auto_tune_and_send_window_update": hasattr(YamuxStream, "_auto_tune_and_send_window_update"),
        "YamuxStream._grow_threshold": hasattr(YamuxStream, "_grow_threshold"),
        "TrioManager._find_parent_task": hasattr(TrioManager, "_find_parent_task"),
        "monitor.ping_connection": hasattr(monitor_module, "ping_connection"),
        "SecureSession.read": hasattr(SecureSession, "read"),
        "PskConn.read_cipher": "read_cipher" in PskConn.__init__.__code__.co_names,
        "read_exactly(retry_count)": len(getattr(read_utils.read_exactly, "__defaults__", None) or ()) == 1,
    }
    missing = [name for name, there in needed.items() if not there]
    if missing:
        found = importlib.metadata.version("libp2p")
        raise NetworkError(
            Reason.LIBRARY,
            f"libp2p {found} has no {', '.join(missing)}; install libp2p=={PINNED}, the version that is relied on",
        )
