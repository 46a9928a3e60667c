"""A comment is made once: it carries a marker of its event, and whoever would make it looks for that first."""

from aggregator.filing.calls import AddComment, ListComments, Rejected, Steps, ask
from aggregator.filing.case import Memory
from aggregator.filing.marker import has_event
from aggregator.filing.settings import Settings


def comment_once(
    settings: Settings, repository: str, number: int, event: str, text: str, memory: Memory | None = None
) -> Steps[bool]:
    """Add `text`, which bears the marker of `event`, unless it is there. Returns whether it was added.

    What GitHub refuses (a locked issue) is remembered in `memory` and not asked again by this process.
    """
    if memory is not None and event in memory.refused_events:
        return False
    comments = yield from ask(ListComments(repository, number))
    if any(has_event(settings.marker_key, comment.body, event) for comment in comments):
        return False
    try:
        yield from ask(AddComment(repository, number, text))
    except Rejected:
        if memory is None:
            raise
        memory.refused_events.add(event)
        raise
    return True
