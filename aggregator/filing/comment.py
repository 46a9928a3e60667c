"""A comment is made once: it carries a marker of its event, and whoever would make it looks for that first."""

from aggregator.filing.calls import AddComment, ListComments, Rejected, Steps, ask
from aggregator.filing.case import Memory
from aggregator.filing.marker import has_event
from aggregator.filing.settings import Settings
from aggregator.reason import Reason


def comment_once(
    settings: Settings, repository: str, number: int, event: str, text: str, memory: Memory | None = None
) -> Steps[bool]:
    """Add `text`, which bears the marker of `event`, unless it is there. Returns whether it was added.

    A locked issue takes no comment. That holds up nothing else; `memory` keeps this process from asking again.
    """
    if memory is not None and event in memory.refused_events:
        return False
    comments = yield from ask(ListComments(repository, number))
    if any(has_event(settings.marker_key, comment.body, event) for comment in comments):
        return False
    try:
        yield from ask(AddComment(repository, number, text))
    except Rejected as failure:
        if failure.reason is not Reason.LOCKED:
            raise
        if memory is not None:
            memory.refused_events.add(event)
        return False
    return True
