"""What a name stands for, and what is decided about it: counts and book first, then what filing came to.

Everything that the control socket says about one error goes through here, so that `errors`, `bundles` and `status`
never tell two stories.
"""

from collections.abc import Iterator

from aggregator import agenda, rulings
from aggregator.book import FactKey
from aggregator.due import Verdict, filed_number, judge, signatures_of
from aggregator.reason import Reason
from node.control.rows import IssueRef
from node.control.view import View
from node.policy import issue_address

SHORTEST = 4  # characters of a name's beginning that may stand for it


def decided(view: View, root: str) -> Verdict:
    """What is decided about a canonical root."""
    ledger, _, book = view.known
    verdict = judge(root, ledger, book, view.policy)
    if verdict.state == "due" and not filing_enabled(view):
        return verdict._replace(reason=Reason.FILING_OFF)
    came = view.outcomes().get(root)
    if came is None:
        return verdict
    if verdict.state == "filed" and came.number:  # what is waited for leaves it filed
        return verdict._replace(state="refused" if came.state == "refused" else "filed", reason=came.reason)
    if verdict.state == "due" and came.state != "filed":
        return verdict._replace(state=came.state, reason=came.reason)
    return verdict


def pending(view: View) -> Iterator[FactKey]:
    """What the book holds as due, and what has become due since the last tick."""
    for key, _ in agenda.pending(view.known, view.policy):
        yield key
    for latch in agenda.newly_due(view.known, list(view.known.ledger.roots()), view.policy, view.now(), ""):
        yield latch.key


def filing_enabled(view: View) -> bool:
    filing = view.loaded.config.filing
    return filing.issues and not filing.paused


def find_root(view: View, name: str) -> str | None:
    """The root, as counted, of a signature, root or unambiguous beginning; None where there is not just one."""
    names = {n: root for n, root in _names(view) if n.startswith(name)}
    if name in names:
        return names[name]
    roots = set(names.values())
    return roots.pop() if len(roots) == 1 and len(name) >= SHORTEST else None


def signatures_below(view: View, root: str) -> tuple[str, ...]:
    """All signatures of a canonical root that ledger or history know."""
    ledger, history, book = view.known
    before = (s for each in rulings.joined(book, root) for s in history.signatures_of(each))
    return tuple(sorted({*signatures_of(root, ledger, book), *before}))


def root_of(view: View, signature: str) -> str:
    """The canonical root of a signature that the ledger or the history knows; else the signature itself."""
    ledger = view.known.ledger
    root = ledger.root_of(signature) if signature in ledger else ""
    if not root:
        root = next((root for name, root in _names(view) if name == signature), signature)
    return rulings.canonical(view.known.book, root)


def issue_of(view: View, root: str, repository: str) -> IssueRef | None:
    """The issue that a canonical root has."""
    number = filed_number(root, repository, view.known.book)
    return IssueRef(repository, number, issue_url(view, repository, number)) if number else None


def issue_url(view: View, repository: str, number: int) -> str:
    return issue_address(view.loaded.config, repository, number)


def _names(view: View) -> Iterator[tuple[str, str]]:
    """Every signature and root, with its root."""
    for each in (view.known.ledger, view.known.history):
        for root in each.roots():
            yield root, root
            for signature in each.signatures_of(root):
                yield signature, root
