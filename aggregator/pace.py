"""How fast this node may gossip: one token bucket for all kinds of message.

The budget is the fleet's: 20 messages a second, whatever the number of nodes. Nobody hands it out. Each node counts
what it hears on the topic and adapts its own rate: when there is more than the budget, by what it is too much, and at
once when it is far too much; a tenth more when there is less, and half as much again when there is far less; never
above one message a second. So the rate of all settles near the budget, and who is idle leaves it to who is not.

Halving would do for twenty nodes. A thousand that were silent and speak all at once need one answer, not six.
"""

from dataclasses import dataclass

BUDGET = 20.0  # messages a second, of all nodes together
FASTEST = 1.0  # messages a second, of one node
SLOWEST = 1 / 600
INTERVAL = 5.0  # seconds between two adaptations
FLOOD = BUDGET * INTERVAL  # messages within one interval that are answered before it ends
BURST = 2.0  # messages that may go at once after a silence


@dataclass
class Pace:
    """The bucket. `now` is any clock that does not step back; `jitter` is drawn by the caller, 0 to 1.

    So are the first `tokens`: nodes that start together must not speak in chorus, or all would halve and all would
    grow.
    """

    now: float
    rate: float = FASTEST  # messages a second: start from the last known value
    tokens: float = 1.0

    def __post_init__(self) -> None:
        self._heard = 0
        self._adapted = self.now

    def hear(self, messages: int = 1) -> None:
        """Messages seen on the topic, our own included."""
        self._heard += messages

    def take(self, now: float) -> bool:
        """Whether a message may be sent now; if so, it is counted as sent."""
        self._fill(now)
        if self.tokens < 1.0:
            return False
        self.tokens -= 1.0
        return True

    def wait(self, now: float) -> float:
        """Seconds until a message may be sent."""
        self._fill(now)
        return max(0.0, (1.0 - self.tokens) / self.rate)

    def adapt(self, now: float, jitter: float) -> None:
        """Compare what was heard with the budget; call at least every `INTERVAL` seconds, and when much was heard."""
        elapsed = now - self._adapted
        due = elapsed >= INTERVAL * (0.75 + 0.5 * jitter)
        if elapsed <= 0 or not (due or self.flooded):
            return
        self._fill(now)
        self.rate = min(FASTEST, max(SLOWEST, self.rate * change(self._heard / elapsed)))
        self._heard, self._adapted = 0, now

    @property
    def flooded(self) -> bool:
        """Whether so much was heard that `adapt` does not wait for its time."""
        return self._heard >= FLOOD

    def _fill(self, now: float) -> None:
        self.tokens = min(BURST, self.tokens + max(0.0, now - self.now) * self.rate)
        self.now = max(self.now, now)


def change(heard: float) -> float:
    """What a node's own rate is multiplied with, where `heard` messages a second were heard."""
    if heard > BUDGET:
        return BUDGET / heard
    return 1.5 if heard < BUDGET / 2 else 1.1


def first_rate(nodes: int) -> float:
    """Messages a second of a node that starts in a fleet of `nodes`: all of them may be starting."""
    return min(FASTEST, BUDGET / max(nodes, 1))
