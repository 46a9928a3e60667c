"""What the control socket answers when somebody decided something."""

from typing import Any

import msgspec


class Ruled(msgspec.Struct, frozen=True):
    """An operator's decision as it was written into the book."""

    action: str
    subject: str
    value: Any
    rulings: list[str]  # "kind subject"


class Reloaded(msgspec.Struct, frozen=True):
    """What a reload took over."""

    changed: list[str]  # keys
    restart: list[str]  # of these: keys whose change waits for the node's next start
    token: str = ""  # where the token came from that is used from now on; empty: there is none
    exchanged: bool = False  # whether that is another one than before


class Banned(msgspec.Struct, frozen=True, kw_only=True):
    """A ban, or its end, as it was written into the book."""

    subject: str  # a peer id, or the key of an invitation in hex
    members: list[str]  # peer ids that it concerns, as far as they are known
    since: str  # what they count from then on does not count; empty: the ban was lifted


class Renewed(msgspec.Struct, frozen=True, kw_only=True):
    """How the fleet's keys stand after `rotate-key`."""

    generation: int  # of the network key
    until: str  # to when the network keys before it are accepted
    fleet_keys: int  # that may let nodes in
    told: list[str]  # peer ids of the members that are linked and have it now
    others: list[str]  # members that will hear of it from these, or when they come back
