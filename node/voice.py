"""Whether this node is the one that tells a piece of news. The rules are `aggregator/notification/voice.py`."""

from collections.abc import Mapping

from aggregator.agenda import Knowledge
from aggregator.message import Presence
from aggregator.notification import voice
from aggregator.page import Origin
from node.clock import Clock
from node.mesh import Mesh
from node.notification import Alone, Courier, Notifier, Parts
from node.outward import Outward
from node.store import Store


class Voice:
    """Satisfies `node.notification.notifier.Fleet`."""

    def __init__(self, mesh: Mesh, clock: Clock) -> None:
        self.name = mesh.name
        self._mesh, self._clock = mesh, clock
        self._me = mesh.fleet.me.peer

    @property
    def settled(self) -> bool:
        return self._mesh.election.settled

    def speaks_of_new(self, root: str, repository: str, origins: frozenset[str]) -> bool:
        return voice.speaks_of_new(self._me, root, repository, origins, self._tellers().keys())

    def speaks_of_trouble(self, repository: str, reason: str) -> bool:
        order = self._mesh.election.standing(repository).order
        return voice.speaks_of_trouble(self._me, repository, reason, order, self._tellers())

    def _tellers(self) -> Mapping[str, Presence]:
        """The other nodes that are there and tell."""
        peers = self._mesh.fleet.peers
        every = {peer: seen.presence for peer in peers.here(self._clock.elapsed()) if (seen := peers.get(peer))}
        return {peer: said for peer, said in every.items() if said.tells}


def make_notifier(
    origin: Origin,
    length: int,
    known: Knowledge,
    outward: Outward,
    mesh: Mesh | None,
    store: Store,
    clock: Clock,
    environment: Mapping[str, str],
) -> Notifier:
    """What tells an operator, listening to what filing comes to. `length`: of a window, in seconds."""
    courier = Courier(lambda: outward.terms.loaded, environment)
    fleet = Voice(mesh, clock) if mesh else Alone()
    notifier = Notifier(Parts(origin, length, known, outward.terms, store, clock, fleet), courier)
    outward.listener = notifier.learn
    if mesh:
        mesh.said.tells = lambda: bool(courier.targets)
    return notifier
