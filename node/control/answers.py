"""Answers of the control socket, made from what the node knows. Reading only."""

from collections import Counter
from collections.abc import Mapping

from aggregator import __version__, limits, rulings
from aggregator.author import OVERFLOW
from aggregator.book import Fact, FactKey
from aggregator.bundle import bundle, related_to
from aggregator.due import Verdict, threshold_for
from aggregator.moment import rfc3339
from node.control.decided import (
    decided,
    filing_enabled,
    find_root,
    issue_of,
    issue_url,
    pending,
    root_of,
    signatures_below,
)
from node.control.rows import BundleRow, Detail, ErrorRow, IssueRow
from node.control.state import Filing, Stats, Status, TokenStatus
from node.control.view import View

TOP = 10  # errors that the statistics name


def errors(view: View, repository: str | None = None) -> list[ErrorRow]:
    """Every signature of the lookback, the worst first, then the most frequent. `repository`: only what it is about,
    lower case."""
    verdicts: dict[str, Verdict] = {}
    rows: list[ErrorRow] = []
    for signature in list(view.known.ledger.signatures()):
        root = root_of(view, signature)
        if root not in verdicts:
            verdicts[root] = decided(view, root)
        if repository in (None, verdicts[root].repository.lower()):
            rows += error(view, signature, root, verdicts[root])
    return sorted(rows, key=worst_first)


def worst_first(row: ErrorRow) -> tuple[int, int, str]:
    """The order of `errors`."""
    return -limits.SEVERITIES.index(row.severity), -row.count, row.signature


def error(view: View, signature: str, root: str, verdict: Verdict) -> list[ErrorRow]:
    """One signature; nothing where nothing is known of it."""
    parts = [part for part in (view.known.ledger.total([signature]), view.known.history.total([signature])) if part]
    if not parts:
        return []
    known = parts[0]
    row = ErrorRow(
        signature=signature,
        root=root,
        title=known.title,
        count=view.known.ledger.count(signature),
        total=sum(part.count for part in parts),
        nodes=sorted(known.nodes),
        services=dict(known.services),
        releases=dict(known.releases),
        first_seen=rfc3339(min(part.first for part in parts)),
        last_seen=rfc3339(max(part.last for part in parts)),
        severity=limits.SEVERITIES[known.severity],
        threshold=threshold_for(known, view.policy),
        state=verdict.state,
        reason=verdict.reason.name,
        issue=issue_of(view, root, verdict.repository),
    )
    return [row]


def detail(view: View, name: str) -> Detail | None:
    """All about a signature or root, without its records; None where nothing is known of it."""
    found = find_root(view, name)
    if found is None:
        return None
    root = rulings.canonical(view.known.book, found)
    signatures, verdict = signatures_below(view, root), decided(view, root)
    total = view.known.ledger.total(signatures)
    book = view.known.book
    related = related_to(root, total, view.known.ledger, book, verdict.repository) if total else ()
    return Detail(
        root=root,
        repository=verdict.repository,
        errors=[row for signature in signatures for row in error(view, signature, root, verdict)],
        joined=sorted(rulings.joined(book, root) - {root}),
        related=[other.root for other in related],
        mute=book.value("mute", root),
        records=[],
    )


def bundles(view: View) -> list[BundleRow]:
    """What is due and not filed, in the order in which it is filed."""
    rows = [_bundle(view, key) for key in pending(view)]
    return [row for _, row in sorted(rows, key=lambda pair: pair[0])]


def _bundle(view: View, key: FactKey) -> tuple[tuple[int, float, str], BundleRow]:
    """A row, and where it stands in the order."""
    verdict, fact = decided(view, key.root), view.known.book.fact(key)
    made = bundle(key.root, key.repository, *view.known, view.now())
    since = fact.since if fact else view.now()
    row = BundleRow(
        root=key.root,
        repository=key.repository,
        title=made.total.title if made else "",
        severity=limits.SEVERITIES[made.total.severity if made else 0],
        count=made.total.count if made else 0,
        due_since=rfc3339(since),
        state=verdict.state,
        reason=verdict.reason.name,
    )
    return (made.urgency() if made else (0, since, key.root)), row


def issues(view: View) -> list[IssueRow]:
    """Every issue that the book knows."""
    rows = [_issue(view, key, fact) for key, fact in view.known.book.facts() if fact.number]
    return sorted(rows, key=lambda row: (row.repository, row.number))


def _issue(view: View, key: FactKey, fact: Fact) -> IssueRow:
    made = bundle(key.root, key.repository, *view.known, view.now())
    return IssueRow(
        repository=key.repository,
        number=fact.number,
        url=issue_url(view, key.repository, fact.number),
        root=key.root,
        title=made.total.title if made else "",
        count=made.total.count if made else 0,
        last_seen=rfc3339(made.total.last) if made else "",
    )


def status(view: View) -> Status:
    health, config = view.health(), view.loaded.config
    token = TokenStatus(bool(health.token_source), health.token_source)
    return Status(
        node=health.node,
        version=__version__,
        started=rfc3339(health.started),
        peers=health.peers,
        settled=health.settled,
        leader=health.leader,
        received=health.received,
        acknowledged=health.acknowledged,
        refused=health.refused,
        told_to_wait=health.told_to_wait,
        storage=health.storage,
        warnings=health.warnings,
        gossip=health.gossip,
        filing=_filing(view),
        bundle=health.last,
        enabled=filing_enabled(view),
        configured=bool(token.present and (config.github.repository or config.github.routes)),
        repository=config.github.repository,
        github_token=token,
        auto_create_issues=config.filing.issues,
        max_log_lines=config.client.max_log_lines,
        issue_labels=list(config.filing.labels),
        config_files=[str(each) for each in view.loaded.places],
    )


def _filing(view: View) -> Filing:
    health = view.health()
    due = [decided(view, key.root) for key in pending(view)]
    return Filing(
        enabled=filing_enabled(view),
        paused=view.loaded.config.filing.paused,
        pending=len(due),
        waiting=dict(Counter(verdict.reason.name for verdict in due)),
        candidates=health.candidates,
        trouble=health.trouble,
    )


def stats(view: View, actions: Mapping[str, int]) -> Stats:
    """Counts over all that is kept; `actions`: entries of the audit log."""
    rows = errors(view)
    counted = [row for row in rows if not row.signature.startswith(OVERFLOW)]
    services: Counter[str] = Counter()
    for row in counted:
        services.update(row.services)
    return Stats(
        signatures=len(counted),
        roots=len({row.root for row in counted}),
        occurrences=sum(row.count for row in rows),
        total=sum(row.total for row in rows),
        by_severity={s: sum(r.count for r in rows if r.severity == s) for s in limits.SEVERITIES},
        by_service=dict(services.most_common()),
        by_state=dict(Counter(row.state for row in counted)),
        top=sorted(counted, key=lambda row: (-row.count, row.signature))[:TOP],
        actions=dict(actions),
    )
