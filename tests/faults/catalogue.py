"""All faults, by groups: the faults of a group strike one fleet, one after the other. The longest group first."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.faults import cables, claims, github, hostile, processes, upgrades
from tests.faults.mixed import mixed
from tests.faults.scene import Scene
from tests.fleet.founding import NAMES

ROUNDS = 5
CLAIM_ROUNDS = 20  # of each crash point of claims
NO_REFS = {"kind": "fine-grained", "permissions": {"issues": "write", "contents": "read", "metadata": "read"}}


@dataclass(frozen=True)
class Fault:
    """`prepare` runs once before its rounds. `doubles`: it makes second issues by itself, which the fleet closes."""

    name: str
    strike: Callable[[Scene], Awaitable[None]]
    rounds: int = ROUNDS
    prepare: Callable[[Scene], Awaitable[None]] | None = None
    doubles: bool = False
    needs: Literal["", "namespaces", "mount"] = ""


@dataclass(frozen=True)
class Group:
    """A fleet of its own. `relays`: on loopback, behind relays, also where namespaces are permitted."""

    faults: tuple[Fault, ...]
    nodes: tuple[str, ...] = NAMES[:3]
    relays: bool = False
    tokens: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Any])


def _killed(name: str, how: str, call: tuple[str, str], rounds: int = CLAIM_ROUNDS) -> Fault:
    return Fault(name, claims.killed(how, call), rounds)


def _at_github(*families: str) -> tuple[Fault, ...]:
    """The switches of these families that need nothing else."""
    names = [each for each in github.SWITCHES if each[:3] in families]
    return tuple(Fault(each, github.at_github(each), doubles=each in github.DOUBLES) for each in names)


GROUPS: Mapping[str, Group] = {
    "processes": Group(
        (
            Fault("kill", processes.kill),
            Fault("freeze", processes.freeze),
            Fault("frozen-at-claim", claims.frozen(claims.CLAIM)),
            Fault("frozen-at-post", claims.frozen(claims.CREATE)),
            Fault("frozen-at-record", claims.frozen(claims.RECORD)),
            Fault("rolling-restart", processes.restart_one_by_one),
            Fault("rolling-upgrade", upgrades.upgrade_one_by_one),
            Fault("lost-database", processes.lose_database),
            Fault("old-backup", processes.restore_backup),
            Fault("full-disk", processes.fill_disk, prepare=processes.give_small_disk, needs="mount"),
            Fault("skewed-clocks", processes.skew_clocks, prepare=processes.lend_clocks),
        )
    ),
    "github-1": Group(_at_github("FLT", "RTE")),
    "github-2": Group(_at_github("STA", "PRM", "CPL", "TIM", "LOG", "HOK")),
    "claims-1": Group(
        (
            _killed("killed-before-claim", claims.LOST, claims.CLAIM),
            _killed("killed-after-claim", claims.UNANSWERED, claims.CLAIM),
            _killed("killed-before-post", claims.LOST, claims.CREATE, ROUNDS),
        )
    ),
    "claims-2": Group(
        (
            _killed("killed-after-post", claims.UNANSWERED, claims.CREATE),
            _killed("killed-after-record", claims.UNANSWERED, claims.RECORD),
            _killed("killed-in-post", claims.IN_FLIGHT, claims.CREATE, ROUNDS),
        )
    ),
    "wires": Group(
        (
            Fault("partition", cables.partition),
            Fault("flapping", cables.flap),
            Fault("asymmetric", cables.asymmetric),
            Fault("unplugged", cables.unplug, needs="namespaces"),
            Fault("loss-10", cables.lose_packets, needs="namespaces"),
            Fault("flood", hostile.flood),
            Fault("garbage", hostile.garbage),
        )
    ),
    "eight": Group((Fault("mixed-8", mixed(3)),), nodes=NAMES),
    "relays": Group((Fault("delay", cables.delay), Fault("partition-relays", cables.partition)), relays=True),
    "weak": Group(
        (Fault("weak-candidate", claims.weak_candidate),),
        tokens={NAMES[0]: NO_REFS},
    ),
    "pages": Group((Fault("PAG-01", github.at_github("PAG-01"), prepare=github.fill_a_page),)),
    "short": Group((Fault("mixed-short", mixed(2), rounds=1),)),
}
ALL = [name for name in GROUPS if name != "short"]
