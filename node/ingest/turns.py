"""In which order those who are ready are read: user by user, and of one user in the order in which they came.

So a user with a hundred connections that never stop delays another user's one by a single turn, not by a hundred.
"""

from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Turns(Generic[T]):
    """A queue for each user. Bounded by who fills it: nobody waits in it twice."""

    def __init__(self) -> None:
        self._users: dict[int, deque[T]] = {}  # in the order of their next turns

    def __bool__(self) -> bool:
        return bool(self._users)

    def add(self, user: int, entry: T) -> None:
        self._users.setdefault(user, deque()).append(entry)

    def take(self) -> T:
        """Whose turn it is. Raises `StopIteration` where nobody waits."""
        user = next(iter(self._users))
        waiting = self._users.pop(user)
        entry = waiting.popleft()
        if waiting:
            self._users[user] = waiting
        return entry
