"""The promises, as checks on a world. Each names what is broken."""

from collections import Counter

from aggregator.filing.marker import read_issue_marker
from tests.pure.factories import name
from tests.simulation.client import SimClient
from tests.simulation.fleetnode import FleetNode
from tests.simulation.github import VirtualGitHub
from tests.simulation.node import SimNode

KEY = b"k" * 32


def counts_are_exact(node: SimNode, clients: list[SimClient]) -> None:
    """Every settled record is counted once: within the lookback, or in the history."""
    expected: Counter[str] = Counter()
    for client in clients:
        assert client.settled, f"{client.session} still holds records"
        expected.update({name(n): count for n, count in client.sent.items()})
    for signature, count in expected.items():
        before = node.known.history.total([signature])
        counted = node.known.ledger.count(signature) + (before.count if before else 0)
        assert counted == count, f"{signature}: sent {count}, counted {counted}"


def one_open_issue_per_root(github: VirtualGitHub) -> None:
    """Never two open issues of ours about one root."""
    roots = [marker[0] for i in github.open_issues() if (marker := read_issue_marker(KEY, i.body))]
    double = [root for root, count in Counter(roots).items() if count > 1]
    assert not double, f"two open issues about {double}"


def all_are_filed(node: SimNode, github: VirtualGitHub, numbers: set[int]) -> None:
    """Exactly one issue for each of these roots, and the claim says its number."""
    filed = {marker[0]: i.number for i in github.open_issues() if (marker := read_issue_marker(KEY, i.body))}
    assert filed.keys() == {name(n) for n in numbers}, f"filed {sorted(filed)}"
    for root, number in filed.items():
        assert github.refs[root][-1].number == number, f"the claim of {root} does not say {number}"


def caps_are_respected(github: VirtualGitHub, hour: int, day: int) -> None:
    times = sorted(s.issue.created_at for s in github.issues.values())
    for span, most in ((3600, hour), (86_400, day)):
        busiest = max((sum(t <= u < t + span for u in times) for t in times), default=0)
        assert busiest <= most, f"{busiest} issues within {span} s: at most {most}"


def counts_agree(nodes: list[FleetNode], clients: list[SimClient]) -> None:
    """Every node shows the same exact counts."""
    expected: Counter[str] = Counter()
    for client in clients:
        assert client.settled, f"{client.session} still holds records"
        expected.update({name(n): count for n, count in client.sent.items()})
    for node in nodes:
        counted = {s: node.known.ledger.count(s) for s in node.known.ledger.signatures()}
        wrong = {s[-4:]: (expected[s], counted.get(s, 0)) for s in expected if counted.get(s, 0) != expected[s]}
        assert counted.keys() <= expected.keys(), f"{node.name} counts what nobody sent"
        assert not wrong, f"{node.name}: (sent, counted) {wrong}"
