"""Which sockets the receive loop waits for, and for what."""

import select


class Poll:
    """An epoll set that knows what each socket is registered for. `close` it."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._waiting: dict[int, int] = {}

    def fileno(self) -> int:
        """Readable when something is ready."""
        return self._epoll.fileno()

    def ready(self) -> list[tuple[int, int]]:
        """(descriptor, events) of what is ready now."""
        return self._epoll.poll(0)

    def watch(self, handle: int, events: int) -> None:
        """Wait for `events`. For nothing, not at all: a hang-up would be reported again and again."""
        before = self._waiting.pop(handle, 0)
        if events and not before:
            self._epoll.register(handle, events)
        elif before and not events:
            self._epoll.unregister(handle)
        elif events != before:
            self._epoll.modify(handle, events)
        if events:
            self._waiting[handle] = events

    def close(self) -> None:
        self._epoll.close()
