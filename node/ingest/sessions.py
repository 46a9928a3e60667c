"""How far each session is: what was taken from it, and what of that is on disk.

`next` runs ahead of `settled` by what is in the batches under way. When a batch fails, it goes back, and whatever the
session's senders had added since is refused with it: a later number must never be settled before an earlier one.

Kept in memory only while somebody sends in it or a batch holds some of it; else the store knows.
"""

from collections.abc import Sequence

import trio

from node.store import Store, sessions


class Session:
    """One session that is in use."""

    __slots__ = ("id", "next", "settled", "users")

    def __init__(self, session: bytes, following: int) -> None:
        self.id = session
        self.next = following  # the only number that is taken
        self.settled = following  # everything lower is on disk
        self.users = 0  # senders


class Sessions:
    """All sessions that are in use."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._open: dict[bytes, Session] = {}
        self._turn = trio.Lock()

    def __len__(self) -> int:
        return len(self._open)

    async def open(self, ids: Sequence[bytes]) -> list[Session]:
        """Each of `ids` for one more sender, who is to `leave` it. Raises `StoreError`.

        One call at a time, so that what is read of a session is not overtaken by what another sender settles.
        """
        async with self._turn:
            held = [self._hold(session) for session in ids if session in self._open]
            unknown = {session for session in ids if session not in self._open}
            try:
                found = await self._store.read(lambda db: sessions.find(db, unknown)) if unknown else {}
            except BaseException:
                for entry in held:
                    self.leave(entry)
                raise
            for session in unknown:
                self._open[session] = Session(session, found.get(session, 1))
            return [self._hold(session) if session in unknown else self._open[session] for session in ids]

    def _hold(self, session: bytes) -> Session:
        entry = self._open[session]
        entry.users += 1
        return entry

    def leave(self, entry: Session) -> None:
        """The sender has gone."""
        entry.users -= 1
        self._forget(entry)

    def settle(self, entry: Session, following: int) -> None:
        """Everything lower than `following` is on disk."""
        entry.settled = max(following, entry.settled)
        self._forget(entry)

    def take_back(self, entry: Session) -> None:
        """What was taken and is not on disk will not get there."""
        entry.next = entry.settled
        self._forget(entry)

    def _forget(self, entry: Session) -> None:
        if not entry.users and entry.next == entry.settled:
            self._open.pop(entry.id, None)
