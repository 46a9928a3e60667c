"""What would be written to GitHub, shown without writing it."""

from aggregator import render, rulings
from aggregator.bundle import Bundle, bundle
from aggregator.moment import rfc3339
from node.control.changes import Unknown, named
from node.control.decided import decided, pending, signatures_below
from node.control.rows import Planned, Summary
from node.control.view import View


async def preview(view: View, name: str) -> Planned:
    """The issue about one root as it would be created now. Raises `Unknown`."""
    root = rulings.canonical(view.known.book, named(view, name))
    verdict = decided(view, root)
    made = bundle(root, verdict.repository, *view.known, view.now())
    if made is None:
        raise Unknown(f"{name}: nothing is known of it any more")
    return await plan(view, made, verdict.state)


async def dry_run(view: View) -> Summary:
    """What a bundle now would create, and why the rest waits. Makes no call."""
    planned: list[Planned] = []
    due = list(pending(view))
    for key in due:
        made = bundle(key.root, key.repository, *view.known, view.now())
        if made and decided(view, key.root).state in ("due", "waiting"):
            planned.append(await plan(view, made, "create"))
    roots = {rulings.canonical(view.known.book, root) for root in view.known.ledger.roots()}
    return Summary(at=rfc3339(view.now()), dry_run=True, unique=len(roots), meeting_threshold=len(due), planned=planned)


async def plan(view: View, made: Bundle, action: str) -> Planned:
    """The texts of an issue about `made`."""
    records = await view.records(made.total.samples, signatures_below(view, made.root))
    sample = records[0] if records else None
    return Planned(
        root=made.root,
        repository=made.repository,
        action=action,
        title=render.title(made, sample, view.settings),
        labels=list(render.labels(made, view.settings)),
        body=render.body(made, sample, view.settings, view.now()),
    )
