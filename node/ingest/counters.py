"""What happened on the ingest sockets since the start, for status and metrics."""

import re
from collections import Counter


class Counters:
    """Plain numbers; read them, or take them all with `statistics`."""

    def __init__(self) -> None:
        self.records = 0  # taken
        self.repeated = 0  # records that were sent again and not counted again
        self.gaps = 0
        self.ended = 0  # conversations that were ended because of what was sent
        self.connections = 0  # accepted
        self.busy = 0  # connections that were turned away
        self.full = 0  # connections that were ended because all together held too much
        self.displaced = 0  # idle connections that made room for a user who had fewer
        self.slow = 0  # connections that were ended because they did not go on
        self.rate = 0  # connections that were ended because their user sends too fast
        self.storage = 0  # conversations that were ended because their records could not be stored
        self.datagrams = 0
        self.spooled = 0  # spool files that were read to their end
        self.spools_refused = 0
        self.refused: Counter[str] = Counter()  # records, by the first word of the reason

    def refuse(self, reason: str) -> None:
        found = re.search(r"[a-z]{2,20}", reason)  # a word of ours: numbers come from the sender, and are endless
        word = found[0] if found else "other"
        self.refused["malformed" if reason.startswith("not a record") else word] += 1

    def statistics(self) -> dict[str, int]:
        """All numbers by name; refusals as `refused_<word>`."""
        plain = {name: value for name, value in vars(self).items() if isinstance(value, int)}
        return plain | {f"refused_{word}": count for word, count in self.refused.items()}
