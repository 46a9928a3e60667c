"""Closing one of our own issues as the duplicate of another."""

from aggregator import comments
from aggregator.filing.calls import EditIssue, Issue, Steps, ask
from aggregator.filing.comment import comment_once
from aggregator.filing.settings import Settings


def close_as_duplicate(settings: Settings, issue: Issue, canonical: int) -> Steps[None]:
    """Say why, once, and close it. Whoever asks has just read that it is open and ours."""
    text = comments.duplicate_comment(settings, canonical)
    yield from comment_once(settings, issue.repository, issue.number, f"duplicate-{canonical}", text)
    close = EditIssue(issue.repository, issue.number, open=False, state_reason="duplicate", duplicate_of=canonical)
    yield from ask(close)
