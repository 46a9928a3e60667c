"""A virtual network: every message may be lost, doubled, delayed, or cut off by a partition."""

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.simulation.world import World


@dataclass
class Weather:
    """What the network does to a message. Delays in seconds."""

    loss: float = 0.0
    double: float = 0.0
    fastest: float = 0.01
    slowest: float = 0.2


@dataclass
class Network:
    """Delivers to whoever is attached under a name at the moment of arrival, unless a cut lies between."""

    world: World
    weather: Weather = field(default_factory=Weather)
    sides: dict[str, int] = field(default_factory=dict[str, int])  # by name: messages pass only within one side
    messages: int = 0
    bytes: int = 0

    def connected(self, a: str, b: str) -> bool:
        return self.sides.get(a, 0) == self.sides.get(b, 0)

    def send(self, sender: str, receiver: str, size: int, deliver: Callable[[], None], *, stream: bool = False) -> None:
        """Let `deliver` happen at the receiver, once, twice or never. What goes over a stream is never doubled."""
        self.messages += 1
        self.bytes += size
        copies = 1 + (not stream and self.world.chance(self.weather.double))
        for _ in range(copies):
            if not self.world.chance(self.weather.loss):
                delay = self.world.random.uniform(self.weather.fastest, self.weather.slowest)
                self.world.after(delay, lambda: self._arrive(sender, receiver, deliver))

    def _arrive(self, sender: str, receiver: str, deliver: Callable[[], None]) -> None:
        if self.connected(sender, receiver):
            deliver()
