"""Peer to peer, behind a few methods. Nothing outside this folder imports libp2p."""

from node.addresses import is_peer_id
from node.network.answering import Handler
from node.network.counters import NetworkStatistics
from node.network.errors import NetworkError, Reason
from node.network.gate import MAX_MESSAGE
from node.network.identity import identity_of
from node.network.links import PeerLink
from node.network.logs import hush
from node.network.network import Network, open_network
from node.network.probe import ask_address, test_address
from node.network.settings import NetworkSettings
from node.network.workarounds import PINNED

__all__ = [
    "MAX_MESSAGE",
    "PINNED",
    "Handler",
    "Network",
    "NetworkError",
    "NetworkSettings",
    "NetworkStatistics",
    "PeerLink",
    "Reason",
    "ask_address",
    "hush",
    "identity_of",
    "is_peer_id",
    "open_network",
    "test_address",
]
