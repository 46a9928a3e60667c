"""When a link that is silent in pubsub is cut, on a virtual clock: what comes back gets its time, however quickly."""

from itertools import pairwise
from types import SimpleNamespace
from typing import Any, cast

import trio
import trio.testing
from libp2p.pubsub.pb import rpc_pb2

from node.network.counters import Counters
from node.network.links import Links
from node.network.overlay import TICK_SECONDS, Overlay
from node.network.settings import NetworkSettings
from tests.stage.network_fleet import PSK, TestLog, id_of

REPAIR_AFTER = 10.0  # seconds
BOB = id_of("bob")


class Deaf:
    """A stack and its dialler: bob is connected again as soon as he is cut, and never gets into pubsub."""

    def __init__(self) -> None:
        self.pubsub = self
        self.in_flight: set[str] = set()
        self.wanted: frozenset[str] = frozenset()
        self.cuts: list[float] = []

    def alive(self) -> bool:
        return True

    def connected(self) -> set[str]:
        return {BOB}

    def in_pubsub(self) -> set[str]:
        return set()

    async def ensure_peer_stream(self, _peer: object, timeout: float) -> bool:
        return False

    async def disconnect(self, _peer: str) -> None:
        self.cuts.append(trio.current_time())

    def get_hello_packet(self) -> rpc_pb2.RPC:
        return rpc_pb2.RPC()

    async def message_all_peers(self, _message: bytes) -> None: ...

    def choose(self, _wanted: int) -> list[str]:
        return []

    def choose_wanted(self) -> list[str]:
        return []


async def test_a_peer_that_is_back_at_once_is_not_cut_at_every_look(autojump_clock: trio.testing.MockClock) -> None:
    deaf, links = Deaf(), Links()
    connection = SimpleNamespace(muxed_conn=SimpleNamespace(peer_id=BOB), get_transport_addresses=list[str])
    await links.connected(cast("Any", None), cast("Any", connection))
    settings = NetworkSettings(psk=PSK, listen=("127.0.0.1:0",), repair_after=REPAIR_AFTER)
    stack = cast("Any", deaf)
    overlay = Overlay(stack, settings, stack, links, Counters(), lambda _: True, TestLog())
    with trio.move_on_after(5 * REPAIR_AFTER):
        await overlay.run(lambda _: None)
    assert len(deaf.cuts) >= 3
    assert all(later - earlier >= REPAIR_AFTER - TICK_SECONDS for earlier, later in pairwise(deaf.cuts))
