"""How fast this node may gossip: one token bucket for all kinds of message.

The budget is the fleet's: 20 messages a second, whatever the number of nodes. Nobody hands it out. Each node counts
what it hears on the topic and adapts its own rate: when there is more than the target, by what it is too much, and at
once, and by twice that, when it is far too much; when there is less, somewhat more, but never above one message a
second. Its share is what the target leaves each if all that are there spoke: who has more gives a little back each
time, who has less takes a little more. So the rate of all settles near the target, those who speak come to have the
same, and who is idle leaves its share to them.

A rate that was not used says nothing of what the fleet can bear (so does RFC 7661 of TCP). So only who was kept waiting
grows beyond its share, and who breaks a silence begins with its share again, at a moment of its own: when a thousand
that were silent speak at once, the first message of each and all that follow are spread as evenly as if they had always
spoken.
"""

from dataclasses import dataclass

BUDGET = 20.0  # messages a second, of all nodes together
TARGET = 0.75 * BUDGET  # aimed at: rates swing, and the busiest ten seconds are to stay in the budget
FASTEST = 1.0  # messages a second, of one node
SLOWEST = 1 / 1800  # ten thousand nodes at this rate are a third of the target
INTERVAL = 5.0  # seconds between two adaptations
GROWTH = 1.25  # at most, of a rate in an interval where there is much room
NEAR = 1.1  # at most, where there is little
FAIR = 1.1  # by which a rate comes nearer to its share in an interval
FLOOD = 1.25 * BUDGET  # messages a second that are answered before the interval ends
SAMPLE = 40  # messages, from which it is told whether it is a flood; fewer, and chance would look like one
BURST = 2.0  # messages that may go at once after a silence
AT_ONCE = 10.0 * (BUDGET - TARGET)  # nodes that need not wait for each other: ten seconds have room for one each


@dataclass
class Pace:
    """The bucket. `now` is any clock that does not step back; `jitter` is drawn by the caller, 0 to 1.

    So are the first `tokens`: nodes that start together must not speak in chorus, or all would shrink and all would
    grow.
    """

    now: float
    rate: float = FASTEST  # messages a second
    tokens: float = 1.0
    share: float = FASTEST  # messages a second: what `rate` is drawn to

    def __post_init__(self) -> None:
        self._heard = self._lately = 0
        self._adapted = self._sampled = self.now
        self._wanted = float("-inf")  # when there was something to tell last
        self._waited = False  # whether that had to wait, since rates were adapted last

    def hear(self, messages: int = 1) -> None:
        """Messages seen on the topic, our own included."""
        self._heard += messages
        self._lately += messages

    def wake(self, now: float, nodes: int, jitter: float) -> None:
        """There is something to tell, in a fleet of so many: after a silence not all may say it at once."""
        self._fill(now)
        self.share = share_of(nodes)
        if now - self._wanted < 1.0 / self.share:
            return
        self.rate = min(self.rate, self.share)
        self._heard, self._adapted = 0, now  # what was heard in the silence says nothing of what comes
        longest = max(0.0, min(nodes, 2.0 * (nodes - AT_ONCE)) / TARGET)
        if longest:
            self.tokens = min(self.tokens, 1.0 - jitter * longest * self.rate)

    def take(self, now: float) -> bool:
        """Whether a message that is there may be sent now; if so, it is counted as sent."""
        self._fill(now)
        self._wanted = now
        if self.tokens < 1.0:
            self._waited = True
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
        if factor > 1.0 and self.rate >= self.share and not self._waited:
            factor = 1.0
        if self.rate < self.share:
            factor *= FAIR
        elif self.rate > self.share:
            factor /= FAIR
        self.rate = min(FASTEST, max(SLOWEST, self.rate * factor))
        self._heard, self._adapted, self._waited = 0, now, False

    def _fill(self, now: float) -> None:
        self.tokens = min(BURST, self.tokens + max(0.0, now - self.now) * self.rate)
        self.now = max(self.now, now)


def change(heard: float) -> float:
    """What a node's own rate is multiplied with, where `heard` messages a second were heard."""
    if heard > 2 * BUDGET:
        return TARGET / heard / 2  # what was too much is made up for
    if heard > TARGET:
        return TARGET / heard
    return GROWTH if heard < TARGET / 2 else min(NEAR, TARGET / heard)


def share_of(nodes: int) -> float:
    """Messages a second that the target leaves each of so many."""
    return min(FASTEST, TARGET / max(nodes, 1))
