"""How fast this node may gossip: one token bucket for all kinds of message.

The budget is the fleet's: 20 messages a second, whatever the number of nodes. Nobody hands it out. Each node counts
what it hears on the topic and adapts its own rate: when there is more than the target, by what it is too much, and at
once, and by twice that, when it is far too much; at most a tenth more when there is less, and half as much again when
there is far less; never above one message a second. So the rate of all settles near the target, and who is idle
leaves it to who is not.

Halving would do for twenty nodes. A thousand that were silent and speak all at once need one answer, not six; and they
would all have spoken before the first is heard. So who was silent waits for a moment of its own, the longer the larger
the fleet is, and what it hears meanwhile makes that wait longer.
"""

from dataclasses import dataclass

BUDGET = 20.0  # messages a second, of all nodes together
TARGET = 0.85 * BUDGET  # aimed at: rates swing by a tenth, and the busiest ten seconds are to stay in the budget
FASTEST = 1.0  # messages a second, of one node
SLOWEST = 1 / 1800  # ten thousand nodes at this rate are a third of the target
INTERVAL = 5.0  # seconds between two adaptations
FLOOD = 1.25 * BUDGET  # messages a second that are answered before the interval ends
SAMPLE = 40  # messages, from which it is told whether it is a flood; fewer, and chance would look like one
BURST = 2.0  # messages that may go at once after a silence
CHORUS = 50.0  # nodes that may break their silence in one second; what is heard of them slows the others


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
        self._heard = self._lately = 0
        self._adapted = self._sampled = self.now

    def hear(self, messages: int = 1) -> None:
        """Messages seen on the topic, our own included."""
        self._heard += messages
        self._lately += messages

    def wake(self, now: float, nodes: int, jitter: float) -> None:
        """There is something to tell after a silence, in a fleet of so many: not all may say it at once."""
        self._fill(now)
        if self.tokens >= 1.0:
            longest = max(0.0, nodes - BUDGET) / CHORUS
            self.tokens = self.tokens if not longest else 1.0 - jitter * longest * self.rate

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
        """Compare what was heard with the target; call at least every `INTERVAL` seconds, and when `much` was heard."""
        if self.much:
            flood = self._lately / max(now - self._sampled, 0.001)
            self._lately, self._sampled = 0, now
            if flood > FLOOD:
                self._change(now, change(flood))
                return
        elapsed = now - self._adapted
        if elapsed > 0 and elapsed >= INTERVAL * (0.75 + 0.5 * jitter):
            self._change(now, change(self._heard / elapsed))

    @property
    def much(self) -> bool:
        """Whether so much was heard that `adapt` is to look whether it is a flood."""
        return self._lately >= SAMPLE

    def _change(self, now: float, factor: float) -> None:
        self._fill(now)
        self.rate = min(FASTEST, max(SLOWEST, self.rate * factor))
        self._heard, self._adapted = 0, now

    def _fill(self, now: float) -> None:
        self.tokens = min(BURST, self.tokens + max(0.0, now - self.now) * self.rate)
        self.now = max(self.now, now)


def change(heard: float) -> float:
    """What a node's own rate is multiplied with, where `heard` messages a second were heard."""
    if heard > 2 * BUDGET:
        return TARGET / heard / 2  # what was too much is made up for
    if heard > TARGET:
        return TARGET / heard
    return 1.5 if heard < TARGET / 2 else min(1.1, TARGET / heard)


def first_rate(nodes: int) -> float:
    """Messages a second of a node that starts in a fleet of `nodes`: all of them may be starting."""
    return min(FASTEST, TARGET / max(nodes, 1))
