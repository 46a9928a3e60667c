"""The numbers of a running node, gathered from its parts at the moment they are asked for."""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping

import trio

from aggregator import __version__
from aggregator.agenda import Knowledge
from aggregator.filing.case import Outcome
from node.clock import Clock
from node.control.view import Measured
from node.mesh import Mesh
from node.notification import Notifier
from node.outward import Outward

ENDED = {
    "busy": "busy",
    "displaced": "displaced",
    "full": "full",
    "slow": "slow",
    "rate": "rate",
    "storage": "storage",
    "ended": "sent",
}  # counter of ingest: reason


def of_ingest(counted: Mapping[str, int]) -> Iterator[Measured]:
    """`counted`: the statistics of ingest."""
    for name in ("records", "connections", "datagrams", "batches", "sessions"):
        yield Measured(name, counted[name])
    yield Measured("records_repeated", counted["repeated"])
    yield Measured("batches_failed", counted["failed_batches"])
    yield Measured("spool_files", counted["spooled"])
    yield Measured("spool_files_refused", counted["spools_refused"])
    yield Measured("queue_length", counted["records_waiting"], ("ingest",))
    for name, reason in ENDED.items():
        yield Measured("connections_ended", counted[name], (reason,))
    for name, count in counted.items():
        if name.startswith("refused_"):
            yield Measured("records_refused", count, (name.removeprefix("refused_"),))


def of_knowledge(known: Knowledge) -> Iterator[Measured]:
    yield Measured("signatures", sum(1 for _ in known.ledger.signatures()))
    yield Measured("roots", sum(1 for _ in known.ledger.roots()))
    yield Measured("pages", sum(1 for _ in known.ledger.pages()))


def of_mesh(mesh: Mesh, clock: Clock) -> Iterator[Measured]:
    """The other nodes, and what was said to and heard from them."""
    fleet, elapsed, network = mesh.fleet, clock.elapsed(), mesh.network.statistics()
    others = [member.peer for member in fleet.roster.members() if member.peer != fleet.me.peer]
    for state, count in Counter(fleet.peers.state(peer, elapsed) for peer in others).items():
        yield Measured("members", count, (state,))
    yield Measured("copied", fleet.copied(elapsed))
    yield Measured("links", network.links)
    yield Measured("lag_seconds", max((elapsed - at for at in mesh.sync.compared.values()), default=0.0))
    yield Measured("gossip_messages", mesh.gossip.sent, ("sent",))
    yield Measured("gossip_messages", mesh.gossip.heard, ("heard",))
    yield Measured("gossip_bytes", mesh.gossip.bytes_sent)
    yield Measured("gossip_lost", network.dropped, ("neighbour",))
    yield Measured("gossip_lost", network.overflowed, ("inbox",))
    yield Measured("sync_pages", mesh.sync.counts["pages"])
    yield Measured("sync_bytes", mesh.sync.counts["bytes"])
    for name, count in mesh.sync.counts.items():
        if name not in ("pages", "bytes"):
            yield Measured("sync_exchanges", count, (name,))
    for name, count in (mesh.intake.refused + mesh.introductions.refused).items():
        yield Measured("refused", count, (name,))
    yield Measured("dials", network.dials - network.dial_failures, ("reached",))
    yield Measured("dials", network.dial_failures, ("failed",))
    yield Measured("network_rebuilt", network.rebuilt)
    yield Measured("queue_length", len(fleet.outbox), ("gossip",))
    yield Measured("queue_length", network.messages_waiting, ("inbox",))
    yield Measured("queue_length", network.longest_queue, ("neighbour",))


def of_filing(outward: Outward) -> Iterator[Measured]:
    """What filing came to, and what GitHub was asked."""
    terms, bundler = outward.terms, outward.bundler
    yield Measured("filing_enabled", terms.filing)
    candidates = set(terms.candidates())
    for repository in sorted(terms.settings.repositories):
        yield Measured("candidate", repository in candidates, (repository,))
    for reason, count in outward.came.items():
        yield Measured("outcomes", count, (reason,))
    for reason, count in Counter(each.reason.name for each in bundler.outcomes.values() if _unfiled(each)).items():
        yield Measured("unfiled", count, (reason,))
    yield Measured("bundle_time_seconds", bundler.last.at if bundler.last else 0.0)
    yield Measured("github_calls", outward.access.calls())
    for (action, outcome), count in outward.access.attempts.items():
        yield Measured("github_writes", count, (action, outcome))
        if action == "create claim":
            yield Measured("claims", count, (outcome,))
    yield from _of_github(outward)


def _of_github(outward: Outward) -> Iterator[Measured]:
    github = outward.access.github
    if github is None:
        return
    now = github.statistics()
    for kind in ("not_sent", "unsure", "rejected"):
        yield Measured("github_failures", getattr(now, kind), (kind,))
    for limit in now.limits:
        yield Measured("github_remaining", limit.remaining, (limit.resource,))
        yield Measured("github_limit", limit.limit, (limit.resource,))
    yield Measured("github_waiting_seconds", now.waiting)


def _unfiled(outcome: Outcome) -> bool:
    return outcome.state != "filed"


def of_notify(notifier: Notifier) -> Iterator[Measured]:
    """What was told, and whether it arrived."""
    for (target, outcome), count in notifier.courier.counts.items():
        yield Measured("notifications", count, (target, outcome))
    for kind, count in notifier.events.items():
        yield Measured("events", count, (kind,))
    yield Measured("events_dropped", notifier.waiting.dropped)
    yield Measured("queue_length", len(notifier.waiting), ("notify",))


def of_node(started: float, settled: bool, late: float) -> Iterator[Measured]:
    yield Measured("settled", settled)
    yield Measured("loop_delay_seconds", late)
    yield Measured("tasks", trio.lowlevel.current_statistics().tasks_living)
    yield Measured("threads", threading.active_count())
    yield Measured("start_time_seconds", started)
    yield Measured("build", 1, (__version__,))
