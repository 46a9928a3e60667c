"""The promises, as checks on a world. Each names what is broken."""

from collections import Counter
from collections.abc import Iterable

from aggregator.filing.marker import read_issue_marker
from aggregator.page import PageKey
from tests.pure.factories import name
from tests.simulation.client import SimClient
from tests.simulation.fleetnode import FleetNode
from tests.simulation.github import VirtualGitHub
from tests.simulation.node import LOOKBACK, SimNode
from tests.simulation.truth import Truth, error_of

KEY = b"k" * 32
ALONE = 60.0  # seconds after which a node that nobody tells anything files by itself
FORGED = 900  # errors from this number on are what a member invents, who may count its own as it likes

# At any time.


def one_open_issue_per_root(github: VirtualGitHub, excused: Iterable[int] = ()) -> None:
    """Never two open issues of ours about one root."""
    ours = [i for i in github.open_issues() if i.number not in excused]
    roots = [error_of(marker[0]) for i in ours if (marker := read_issue_marker(KEY, i.body))]
    double = [root[-2:] for root, count in Counter(roots).items() if count > 1]
    assert not double, f"two open issues about {double}"


def nothing_muted_is_filed(node: FleetNode, root: str) -> None:
    """Whoever has just started hears first what was ruled before: all neighbours know it, and are there to tell."""
    others = [node.nodes[place] for place in node.neighbours if place in node.nodes]
    there = [o for o in others if o.life.alive and not o.asleep and node.network.connected(o.place, node.place)]
    know = bool(there) and all(o.known.book.value("mute", root) and o.started < node.started for o in there)
    assert not know or node.world.now > node.started + ALONE, f"{node.place} files what was muted before it started"


def nothing_is_counted_twice(node: SimNode, truth: Truth) -> None:
    """No node ever counts more than was committed anywhere."""
    for error, count in counts_of(node).items():
        most = truth.total[error]
        assert count <= most, f"{node.place} counts {count} of {error[-2:]}, committed were {most}"


def counts_of(node: SimNode) -> Counter[str]:
    """By error, whatever version its signatures have; without what a member invented."""
    out: Counter[str] = Counter()
    for signature in node.known.ledger.signatures():
        if int(error_of(signature), 16) < FORGED:
            out[error_of(signature)] += node.known.ledger.count(signature)
    return out


def there_was_room(github: VirtualGitHub, hour: int) -> None:
    """Whoever has just created had room when it looked last; of those that look at once, each may add one."""
    looked = github.looked.get(github.caller, 0.0)
    ours = [s.issue for s in github.issues.values() if "error-aggregator" in s.issue.labels and not s.deleted]
    shown = sum(github.world.now - 3600 < at < looked for at in (issue.created_at for issue in ours))
    assert shown < hour, f"{github.caller} creates beyond the cap: {shown} issues within the hour before it looked"


def caps_are_respected(github: VirtualGitHub, hour: int, day: int) -> None:
    times = sorted(s.issue.created_at for n, s in github.issues.items() if n not in github.excused | github.discussions)
    for span, most in ((3600, hour), (86_400, day)):
        busiest = max((sum(t <= u < t + span for u in times) for t in times), default=0)
        assert busiest <= most, f"{busiest} issues within {span} s: at most {most}"


# In the end.


def counts_are_exact(nodes: Iterable[SimNode], truth: Truth) -> None:
    """Every acknowledged record is counted once on every node: within the lookback, or in the history."""
    for node in nodes:
        history, versions = node.known.history, {p.key: p.sequence for p in node.known.ledger.pages()}
        expected, counted = truth.expected(versions | folded(node, truth)), counts_of(node)
        for signature in {s for root in history.roots() for s in history.signatures_of(root)}:
            before = history.total([signature])
            counted[error_of(signature)] += before.count if before else 0
        wrong = {s[-2:]: (expected[s], counted[s]) for s in sorted(expected | counted) if counted[s] != expected[s]}
        assert not wrong, f"{node.place}: (committed, counted) {wrong}"


def the_lookback_is_whole(nodes: Iterable[SimNode], truth: Truth) -> None:
    """What was committed within the lookback is counted there, not only known to the history."""
    for node in nodes:
        since, counted = max(node.now, node.world.now) - LOOKBACK, counts_of(node)
        lately = Counter[str]()
        for uid, (error, count) in truth.records.items():
            there = (c for c in truth.commits.get(uid, ()) if c.key.window >= since and (uid, c) not in truth.gone)
            lately[error] += count * any(there)
        missing = {error[-2:]: (lately[error], counted[error]) for error in lately if counted[error] < lately[error]}
        assert not missing, f"{node.place}: (within the lookback, counted there) {missing}"


def folded(node: SimNode, truth: Truth) -> dict[PageKey, int]:
    """The pages that left the lookback, as far as they are not in the ledger any more."""
    horizon = node.known.ledger.horizon
    commits = (c for every in truth.commits.values() for c in every if c.key.window < horizon)
    out: dict[PageKey, int] = {}
    for commit in commits:
        out[commit.key] = max(commit.sequence, out.get(commit.key, 0))
    return out


def they_agree(nodes: list[FleetNode]) -> None:
    """Merging has come to the same bytes everywhere."""
    first = nodes[0]
    pages = {page.key: page.rank()[0] for page in first.known.ledger.pages()}
    for node in nodes[1:]:
        theirs = {page.key: page.rank()[0] for page in node.known.ledger.pages()}
        differing = sorted(key[1:] for key in pages.keys() | theirs.keys() if pages.get(key) != theirs.get(key))
        assert not differing, f"{first.place} and {node.place} differ in {len(differing)} pages: {differing[:3]}"
        for sums in ("pages", "book"):
            ours, other = _digest(first, sums), _digest(node, sums)
            assert ours == other, f"{first.place} and {node.place} have other digests of their {sums}"


def _digest(node: FleetNode, sums: str) -> object:
    return node.fleet.digest.total(0, 2**62) if sums == "pages" else node.known.book.sums.root()


def settled(clients: Iterable[SimClient]) -> None:
    """Nobody holds a record any more."""
    for client in clients:
        assert client.settled, f"{client.title} still holds records"


def all_are_filed(node: SimNode, github: VirtualGitHub, numbers: set[int]) -> None:
    """Exactly one issue for each of these roots, and claim and book say so. What people touched may be closed."""
    filed = {marker[0]: i.number for i in github.open_issues() if (marker := read_issue_marker(KEY, i.body))}
    muted = {r.subject for r in node.known.book.rulings("mute")}
    want = {name(n) for n in numbers} - muted
    filed = {root: number for root, number in filed.items() if root not in muted}
    filed = {root: number for root, number in filed.items() if root not in github.touched}
    missing = {root[-2:] for root in want - filed.keys() - github.touched}
    assert not missing, f"due and not filed: {sorted(missing)}"
    if node.truth.gone:  # what is lost with the last disk that knew it was due before, and nobody knows that now
        filed = {root: number for root, number in filed.items() if root in want}
    early = {root for root in filed.keys() - want if int(error_of(root), 16) < FORGED}
    assert not early, f"filed without being due: {sorted(early)}"
    for root, number in filed.items():
        assert github.refs[root][-1].number == number, f"the claim of {root} does not say {number}"
        says = {f.number for k, f in node.known.book.facts() if k.root == root}
        assert says == {number}, f"{node.place} believes that {root[-2:]} is filed as {says}: it is #{number}"


def it_is_the_only_one(node: FleetNode) -> None:
    """A node takes no former run of its own, and nothing that it forgot, for another machine."""
    assert not node.copied, f"{node.place} believes that it was copied"


def memory_is_bounded(node: SimNode) -> None:
    """Every collection of the domain stays within what the file that owns it says."""
    roots = {key.root for key, _ in node.known.book.facts()}
    assert len(node.docket.outcomes) <= len(roots), f"{node.place} remembers outcomes of what is not in its book"
    assert len(node.memories) <= len(roots), f"{node.place} remembers more than is due"
    ledger = node.known.ledger
    tallies = sum(len(ledger.tallies_of(page.key)) for page in ledger.pages())
    assert ledger.names() <= 3 * tallies, f"{node.place} remembers roots that no page names"
    if isinstance(node, FleetNode):
        fleet = node.fleet
        pages = sum(1 for _ in node.known.ledger.pages())
        facts, rulings = sum(1 for _ in node.known.book.facts()), sum(1 for _ in node.known.book.rulings())
        assert len(fleet.outbox) <= pages + facts + rulings + 1, f"{node.place} has more to tell than it knows"
        assert len(fleet.refused) <= 4_096, f"{node.place} remembers too many refusals"
        assert len(list(fleet.peers.everybody())) <= len(node.nodes), f"{node.place} knows nodes that are none"
        assert sum(1 for _ in fleet.digest) <= pages, f"{node.place} gives out pages that it does not keep"
