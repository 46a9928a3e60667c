"""All connections of the stream socket: how many each user has, and what is held for all of them together.

Two bounds that no single connection can see. Of *places*: when all are taken, a user who has fewer than another gets
one of that other's, the one that has been idle longest; so a user who opens a thousand connections and says nothing
shuts out nobody else. Of *bytes*: beginnings of frames and answers that were not fetched are small for one connection
and much for a thousand, so beyond `HELD_BYTES` of the user for whom most is held the greatest is ended first.

Whoever is ended is told `busy` where it can hear, and may come back: with a session nothing is lost by that.
"""

from collections import Counter
from collections.abc import Iterator

from node.ingest.connection import Connection

HELD_BYTES = 16 * 1024 * 1024  # for all connections; a third of what memory may grow by under overload


class Crowd:
    """Connections by descriptor."""

    def __init__(self) -> None:
        self.held = 0  # bytes
        self._connections: dict[int, Connection] = {}
        self._bytes: dict[int, int] = {}  # as they were last weighed
        self._users: Counter[int] = Counter()

    def __len__(self) -> int:
        return len(self._connections)

    def __iter__(self) -> Iterator[Connection]:
        return iter(list(self._connections.values()))

    def get(self, handle: int) -> Connection | None:
        return self._connections.get(handle)

    def add(self, connection: Connection) -> None:
        self._connections[connection.handle] = connection
        self._users[connection.peer.uid] += 1

    def remove(self, connection: Connection) -> bool:
        """Whether it was there."""
        if self._connections.get(connection.handle) is not connection:
            return False
        del self._connections[connection.handle]
        self.held -= self._bytes.pop(connection.handle, 0)
        self._users[connection.peer.uid] -= 1
        if not self._users[connection.peer.uid]:
            del self._users[connection.peer.uid]
        return True

    def weigh(self, connection: Connection) -> bool:
        """Note what is held for it now. Returns whether all together hold too much."""
        if self._connections.get(connection.handle) is connection:
            self.held += connection.held - self._bytes.get(connection.handle, 0)
            self._bytes[connection.handle] = connection.held
        return self.held > HELD_BYTES

    def heaviest(self) -> Connection:
        """Of the user for whom most is held, the connection for which most is. Raises `ValueError` if there is none."""
        users: Counter[int] = Counter()
        for connection in self:
            users[connection.peer.uid] += self._bytes.get(connection.handle, 0)
        user = max(users, key=lambda each: users[each])
        return max((c for c in self if c.peer.uid == user), key=lambda c: self._bytes.get(c.handle, 0))

    def place_for(self, user: int) -> Connection | None:
        """The connection that has to make room for one more of `user`; None: there is none that should."""
        other, most = max(self._users.items(), key=lambda item: item[1], default=(user, 0))
        if most <= self._users[user] + 1:
            return None
        idle = (each for each in self._connections.values() if each.peer.uid == other and not each.pending)
        return min(idle, key=lambda each: each.since, default=None)
