"""Everything that is measured: its name, what it is, and how it is written for Prometheus.

A name is promised: it stands here once, `docs/metrics.md` has the same list, and a test compares the two. What is
measured is read at the moment it is asked for, from counters that are kept anyway, so nobody who does not look pays.
Labels are words of this program, or names that are bounded elsewhere; never something that a sender chooses.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, NamedTuple

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from node.control.view import Measured

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PREFIX = "error_aggregator_"


class Kind(NamedTuple):
    """`labels`: in the order in which values are given."""

    kind: Literal["counter", "gauge"]
    text: str
    labels: tuple[str, ...] = ()


METRICS: Mapping[str, Kind] = {
    # what programs report
    "records": Kind("counter", "Records taken."),
    "records_repeated": Kind("counter", "Records that were sent again, and not counted again."),
    "records_refused": Kind("counter", "Records refused.", ("reason",)),
    "connections": Kind("counter", "Connections accepted on the ingest socket."),
    "connections_ended": Kind("counter", "Connections ended by the node.", ("reason",)),
    "datagrams": Kind("counter", "Datagrams received."),
    "spool_files": Kind("counter", "Spool files read to their end."),
    "spool_files_refused": Kind("counter", "Spool files that were none."),
    "batches": Kind("counter", "Batches of records committed."),
    "batches_failed": Kind("counter", "Batches that could not be committed; their senders were told."),
    "sessions": Kind("gauge", "Sessions of clients that are remembered in memory."),
    # what is known
    "signatures": Kind("gauge", "Signatures that occurred within the lookback."),
    "roots": Kind("gauge", "Roots that occurred within the lookback."),
    "pages": Kind("gauge", "Pages kept, of all origins."),
    "database_bytes": Kind("gauge", "Bytes of the database that are in use."),
    "commits": Kind("counter", "Transactions written."),
    # the other nodes
    "members": Kind("gauge", "Nodes of the fleet, by whether they are here, away, left or unknown.", ("state",)),
    "copied": Kind("gauge", "1 while another machine runs with this node's key."),
    "links": Kind("gauge", "Links to other nodes."),
    "lag_seconds": Kind("gauge", "Since all that a neighbour had was here, of the one that waits longest."),
    "settled": Kind("gauge", "1 when this node has heard enough to file."),
    "gossip_messages": Kind("counter", "Gossip messages, sent or heard.", ("direction",)),
    "gossip_bytes": Kind("counter", "Bytes of the gossip messages that were sent."),
    "gossip_lost": Kind("counter", "Messages that found a queue full: to a neighbour, or in this node.", ("place",)),
    "sync_exchanges": Kind("counter", "Comparisons with neighbours, by what became of them.", ("outcome",)),
    "sync_pages": Kind("counter", "Pages fetched by comparing."),
    "sync_bytes": Kind("counter", "Bytes fetched by comparing."),
    "refused": Kind("counter", "What other nodes said and was refused.", ("reason",)),
    "dials": Kind("counter", "Attempts to reach another node, by what became of them.", ("outcome",)),
    "network_rebuilt": Kind("counter", "Times the network was built anew after a fault of its own."),
    # filing
    "filing_enabled": Kind("gauge", "1 when this node may file, as far as it is up to itself."),
    "candidate": Kind("gauge", "1 for each repository that this node may file for.", ("repository",)),
    "outcomes": Kind("counter", "What filing came to, for each root that a run looked at.", ("reason",)),
    "unfiled": Kind("gauge", "Roots that are due and not filed, by why, as of the last run.", ("reason",)),
    "bundle_time_seconds": Kind("gauge", "When the last bundle ran, in Unix seconds; 0: none yet."),
    "claims": Kind("counter", "Claims that were attempted to be made, by what became of them.", ("outcome",)),
    "github_writes": Kind("counter", "Writes attempted at GitHub, by what became of them.", ("action", "outcome")),
    "github_calls": Kind("counter", "Calls to GitHub."),
    "github_failures": Kind("counter", "Calls with the present token that failed.", ("kind",)),
    "github_remaining": Kind("gauge", "What is left of GitHub's limit.", ("resource",)),
    "github_limit": Kind("gauge", "GitHub's limit.", ("resource",)),
    "github_waiting_seconds": Kind("gauge", "For how long GitHub asked this node to stay away still."),
    # notifications
    "events": Kind("counter", "Events that were to be told to an operator.", ("kind",)),
    "events_dropped": Kind("counter", "Events that found the queue full and are only counted."),
    "notifications": Kind("counter", "Notifications sent, by what became of them.", ("target", "outcome")),
    # this node
    "queue_length": Kind("gauge", "What waits in each queue.", ("queue",)),
    "loop_delay_seconds": Kind("gauge", "By how much the loop was late at worst, within the last minute."),
    "tasks": Kind("gauge", "Tasks of the event loop."),
    "threads": Kind("gauge", "Threads of this node."),
    "start_time_seconds": Kind("gauge", "When this node started, in Unix seconds."),
    "build": Kind("gauge", "1, with the version.", ("version",)),
}  # fmt: skip


def exposition(measured: Iterable[Measured]) -> bytes:
    """The text that Prometheus reads. Raises `KeyError` on a name that is not in `METRICS`."""
    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    registry.register(_Families(list(measured)))
    return generate_latest(registry)


class _Families(Collector):
    def __init__(self, measured: list[Measured]) -> None:
        self._families = {name: _family(name, kind) for name, kind in METRICS.items()}
        for each in measured:
            self._families[each.name].add_metric(each.labels, each.value)

    def collect(self) -> Iterator[Metric]:
        yield from self._families.values()


def _family(name: str, kind: Kind) -> CounterMetricFamily | GaugeMetricFamily:
    made = CounterMetricFamily if kind.kind == "counter" else GaugeMetricFamily
    return made(PREFIX + name, kind.text, labels=kind.labels)
