"""Brings a notification to all targets at the same time, and says what became of it."""

from collections import Counter
from collections.abc import Callable, Mapping

import msgspec
import structlog
import trio

from aggregator.notification.event import Notification
from node.config import Loaded
from node.control.state import Delivery
from node.notification import command, webhook
from node.notification.targets import Targets, find_targets

log = structlog.get_logger("notify")


class Courier:
    """One notification at a time; a further one waits. `loaded`: the configuration as it is now."""

    def __init__(self, loaded: Callable[[], Loaded], environment: Mapping[str, str]) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()  # by target and outcome
        self.last: list[Delivery] = []
        self._loaded, self._environment = loaded, environment
        self._found: tuple[Loaded, Targets] | None = None
        self._turn = trio.Lock()

    @property
    def targets(self) -> Targets:
        """As configured now; a credential is read again with each reload."""
        loaded = self._loaded()
        if self._found is None or self._found[0] is not loaded:
            self._found = loaded, find_targets(loaded, self._environment)
            if self._found[1].trouble:
                log.error("the webhook cannot be used", place=self._found[1].source, reason=self._found[1].trouble)
        return self._found[1]

    async def send(self, note: Notification) -> list[Delivery]:
        """Returns when it was delivered, or given up, everywhere."""
        async with self._turn:
            targets, body, done = self.targets, msgspec.json.encode(note), list[Delivery]()
            seconds = self._loaded().config.notify.timeout

            async def to_command() -> None:
                trouble = await command.run(targets.command, body + b"\n", seconds, self._environment)
                done.append(self._delivered("command", trouble, note))

            async def to_webhook() -> None:
                done.append(self._delivered("webhook", await webhook.post(targets.webhook, body, seconds), note))

            async with trio.open_nursery() as nursery:
                if targets.command:
                    nursery.start_soon(to_command)
                if targets.webhook:
                    nursery.start_soon(to_webhook)
            self.last = sorted(done, key=lambda each: each.target)
            return self.last

    def _delivered(self, target: str, trouble: str | None, note: Notification) -> Delivery:
        self.counts[target, "failed" if trouble else "sent"] += 1
        if trouble:
            log.warning("a notification did not arrive", place=target, reason=trouble, events=len(note.events))
        else:
            log.info("notified", place=target, events=len(note.events), omitted=note.omitted)
        return Delivery(target, trouble or "")
