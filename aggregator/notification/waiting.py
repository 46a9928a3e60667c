"""Events that wait to be sent: at most 50, which is one notification.

When it is full, a new error (they come in storms) gives way to all else, and what found no room is only counted: the
next notification says how many there were.
"""

from aggregator.notification.event import FIRST, Event

ROOM = 50  # events


class Waiting:
    """First in, first out."""

    def __init__(self) -> None:
        self.dropped = 0  # since the start
        self._omitted = 0  # since the last notification
        self._events: list[Event] = []

    def __len__(self) -> int:
        return len(self._events)

    def put(self, event: Event) -> bool:
        """Returns whether there was room for it."""
        if len(self._events) < ROOM:
            self._events.append(event)
            return True
        self.dropped += 1
        self._omitted += 1
        least = next((i for i in range(ROOM - 1, -1, -1) if self._events[i].kind == FIRST), None)
        if event.kind == FIRST or least is None:
            return False
        del self._events[least]
        self._events.append(event)
        return True

    def take(self) -> tuple[list[Event], int]:
        """All that wait, and how many more there were."""
        events, omitted = self._events, self._omitted
        self._events, self._omitted = [], 0
        return events, omitted
