"""What the control socket answers about the other nodes, and who of all files."""

import msgspec


class PeerRow(msgspec.Struct, frozen=True, kw_only=True):
    """One node of the fleet, as this node knows it."""

    peer: str
    state: str  # self, here, away (not heard for a while), left (said so), unknown (not heard since this node started),
    # copied (two machines run with its key)
    link: str  # in, out; empty: no link of its own, its words come over others
    address: str
    last_seen: str  # empty: not since this node started
    lag: float | None  # seconds since all that it had was here; None: it is not compared with
    version: str
    settled: bool
    candidate: list[str]  # repositories that it may file for
    joined: str  # empty: it showed no chain
    invitation: str  # key of the invitation that let it in, in hex
    reason: str  # name of the reason why its word does not count; empty: it does


class Runner(msgspec.Struct, frozen=True, kw_only=True):
    """One node, with regard to one repository."""

    peer: str
    rank: int | None  # 0 files; None: no candidate, or too far behind to act
    wait: float  # seconds after the tick until it acts, if nobody before it did
    reason: str  # name of the reason why it is no candidate, or away, left, unknown; empty: it is one


class Leading(msgspec.Struct, frozen=True, kw_only=True):
    """Who files for one repository, and why."""

    repository: str
    leader: str  # peer id; empty: nobody
    reason: str  # name of the reason why this node does not file for it; empty: it does, in its turn
    runners: list[Runner]  # candidates by rank, then the others
