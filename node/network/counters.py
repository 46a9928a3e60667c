"""What happened since start, counted: the mutable side inside, the frozen side for `status` and the metrics."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NetworkStatistics:
    """A snapshot. Counters only grow and survive a rebuild; `links` and the queue lengths are of now."""

    published: int  # messages handed to the mesh
    dropped: int  # messages or copies that never left: no stack, or a neighbour's queue was full
    received: int  # copies of messages that arrived, duplicates included
    delivered: int  # messages put into `messages`
    overflowed: int  # messages that `messages` had no room for
    rejected: Mapping[str, int]  # what peers sent and was refused, by reason
    dials: int
    dial_failures: int
    redials: int  # dials of a peer to which there had been a link before
    repaired: int  # peers that were connected but not in pubsub, and are again
    rebuilt: int  # times the whole stack was built anew
    requests: int
    requests_failed: int
    served: int
    links: int
    longest_queue: int  # messages that wait for the slowest neighbour
    messages_waiting: int


class Counters:
    """The counting side. Reasons are a fixed set of words of ours, so `rejected` is bounded."""

    def __init__(self) -> None:
        self.published = self.dropped = self.received = self.delivered = self.overflowed = 0
        self.dials = self.dial_failures = self.redials = self.repaired = self.rebuilt = 0
        self.requests = self.requests_failed = self.served = 0
        self.rejected: Counter[str] = Counter()

    def reject(self, reason: str) -> None:
        self.rejected[reason] += 1

    def snapshot(self, *, links: int, longest_queue: int, messages_waiting: int) -> NetworkStatistics:
        counts = {name: value for name, value in vars(self).items() if name != "rejected"}
        return NetworkStatistics(
            **counts,
            rejected=dict(self.rejected),
            links=links,
            longest_queue=longest_queue,
            messages_waiting=messages_waiting,
        )
