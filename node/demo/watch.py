"""What the demo sees of its nodes, and waits for. It asks as anybody can: over the control socket, and of GitHub."""

from collections.abc import Iterable

from node.demo.actor import Actor
from node.demo.cast import BUGS, Bug
from node.demo.process import wait_until
from node.demo.stage import Stage


def counted(actor: Actor) -> int:
    return sum(row.count for row in actor.node.errors())


def happened(stage: Stage) -> int:
    return sum(sum(by_node.values()) for by_node in stage.did().values())


def wait_counted(stage: Stage) -> None:
    """Every node that runs knows of all that happened on any; whether it is exact, the verdict says."""
    least = happened(stage)
    wait_until(lambda: all(counted(each) >= least for each in stage.playing), f"{least:,} occurrences are counted")


def wait_together(stage: Stage) -> None:
    """Every node that runs is linked with all others, and has caught up with them."""
    wait_until(lambda: all(together(each, len(stage.playing)) for each in stage.playing), "the nodes meet")


def together(actor: Actor, nodes: int) -> bool:
    status = actor.node.status()
    return status.settled and len(status.peers) == nodes - 1


def wait_alike(stage: Stage) -> None:
    """Every node that runs holds the same book and the same counts."""
    wait_until(lambda: len({frozenset(each.book()) for each in stage.playing}) == 1, "all books are equal")
    wait_until(lambda: len({counts(each) for each in stage.playing}) == 1, "all counts are equal")


def counts(actor: Actor) -> frozenset[tuple[str, int, tuple[str, ...]]]:
    return frozenset((row.signature, row.count, tuple(sorted(row.nodes))) for row in actor.node.errors())


def wait_elected(stage: Stage) -> list[str]:
    """Names by rank, when all nodes that run name the same order, and nobody is missing from it."""
    orders: list[list[str]] = []

    def agreed() -> bool:
        orders[:] = [order(each) for each in stage.playing]
        return all(each == orders[0] for each in orders) and len(orders[0]) == len(stage.actors)

    wait_until(agreed, "the nodes agree on who files")
    return names(stage, orders[0])


def order(actor: Actor) -> list[str]:
    """Peer ids of those who file for the repository, first in rank first, as this node has it."""
    return [runner.peer for each in actor.node.leader() for runner in each.runners if runner.rank is not None]


def names(stage: Stage, peers: Iterable[str]) -> list[str]:
    known = {actor.peer: name for name, actor in stage.actors.items()}
    return [known.get(peer, peer) for peer in peers]


def due(stage: Stage) -> list[Bug]:
    did = stage.did()
    return [bug for bug in BUGS if bug.is_due(sum(did.get(bug.name, {}).values()))]


def wait_filed(stage: Stage, *bugs: str) -> None:
    """All that is due, or these bugs, are filed, and every node that runs knows it."""
    wanted = set(bugs) or {bug.name for bug in due(stage)}
    wait_until(lambda: all(filed(each) >= wanted for each in stage.playing), f"{', '.join(sorted(wanted))}: filed")


def filed(actor: Actor) -> set[str]:
    """Services, of which each has one bug."""
    return {service for row in actor.node.errors() if row.state == "filed" for service in row.services}


def asking(stage: Stage) -> str:
    """Who has claimed an issue, and has not filed it yet."""
    return ", ".join(names(stage, (claim.node for claim in stage.hub.claims() if claim.state == "creating")))


def filers(stage: Stage) -> dict[int, str]:
    """By number of the issue: who made it."""
    claims = [claim for claim in stage.hub.claims() if claim.number]
    return dict(zip([claim.number for claim in claims], names(stage, (claim.node for claim in claims)), strict=True))


def filed_by(stage: Stage, bug: str) -> str:
    """`carol has filed #11`, of the bug of that name."""
    kind = next(each.type for each in BUGS if each.name == bug)
    issue = next(each for each in stage.hub.issues() if each.title.startswith(f"{kind}: "))
    return f"{filers(stage).get(issue.number, 'nobody')} has filed #{issue.number}"
