"""A virtual network: every message may be lost, doubled, delayed and so overtaken, or cut off, one way or both."""

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.simulation.world import Life, World


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
    deaf: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])  # (receiver, sender) that do not hear
    messages: int = 0
    bytes: int = 0

    def connected(self, a: str, b: str) -> bool:
        """Whether a message of `a` reaches `b`."""
        return self.sides.get(a, 0) == self.sides.get(b, 0) and (b, a) not in self.deaf

    def send(
        self,
        sender: str,
        receiver: str,
        size: int,
        deliver: Callable[[], None],
        *,
        stream: bool = False,
        life: Life | None = None,
    ) -> None:
        """Let `deliver` happen at the receiver, once, twice or never. What goes over a stream is never doubled.

        `life`: of the receiving process, which takes the message when it is awake.
        """
        self.messages += 1
        self.bytes += size
        rough = self.weather.loss or self.weather.double
        for _ in range(self._copies(sender, receiver, stream) if rough else 1):
            span = self.weather.slowest - self.weather.fastest
            delay = self.weather.fastest + span * self.world.draw("delay").random()
            self.world.after(delay, lambda: self._arrive(sender, receiver, deliver, life))

    def _copies(self, sender: str, receiver: str, stream: bool) -> int:
        draw = self.world.draw(f"network {sender} {receiver}")
        copies = 1 + (not stream and draw.random() < self.weather.double)
        return sum(draw.random() >= self.weather.loss for _ in range(copies))

    def _arrive(self, sender: str, receiver: str, deliver: Callable[[], None], life: Life | None) -> None:
        if self.connected(sender, receiver):
            if life is None:
                deliver()
            elif life.alive:
                self.world.after(0.0, deliver, life)
