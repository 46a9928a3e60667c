"""What this program says under an issue. Each comment carries the marker of its event, so that it is made once.

Nothing here comes from a record as it is: numbers, times, names that were made inert.
"""

from aggregator.bundle import Bundle
from aggregator.filing.marker import event_marker
from aggregator.filing.settings import Settings
from aggregator.inert import inline
from aggregator.moment import rfc3339


def regression_comment(bundle: Bundle, settings: Settings, now: float, event: str) -> str:
    """It occurred again after its issue was closed."""
    text = f"This error occurred again after the issue was closed (as of {rfc3339(now)})."
    return _comment(settings, event, f"{text}\n\n{counts(bundle)}")


def flapping_comment(bundle: Bundle, settings: Settings, reopened: int, event: str) -> str:
    """It was reopened `reopened` times: from here a person decides."""
    text = (
        f"This error occurred again, as it did after each of {reopened} reopenings: it is not reopened any more. "
        "Whether the error is acceptable or its fix incomplete is for a person to decide."
    )
    return _comment(settings, event, f"{text}\n\n{counts(bundle)}")


def adopted_comment(bundle: Bundle, settings: Settings, now: float) -> str:
    """For an issue that somebody else wrote about the same error. Its event is `adopted-<root>`."""
    text = f"A fleet that runs this code sees the same error, and made no second issue (as of {rfc3339(now)})."
    return _comment(settings, f"adopted-{bundle.root}", f"{text}\n\n{counts(bundle)}")


def duplicate_comment(settings: Settings, canonical: int) -> str:
    """For one of two issues of ours about one error. Its event is `duplicate-<canonical>`."""
    return _comment(settings, f"duplicate-{canonical}", f"This is the same error as #{canonical}, which is kept.")


def linked_note(settings: Settings, number: int) -> str:
    """For a closed issue whose error got the new issue `number`. Its event is `linked-<number>`."""
    return _comment(settings, f"linked-{number}", f"This error occurred again; it is followed in #{number}.")


def counts(bundle: Bundle) -> str:
    """The counts of a bundle as a short list."""
    total = bundle.total
    lines = [
        f"- Occurrences: {total.count:,} in the lookback, {max(bundle.count_ever, total.count):,} known in all",
        f"- First seen {rfc3339(total.first)}, last seen {rfc3339(total.last)}",
        f"- Nodes: {len(total.nodes):,}",
    ]
    for what, names in (("Services", total.services), ("Releases", total.releases)):
        if names:
            lines.append(f"- {what}: {', '.join(inline(name) for name in sorted(names)[:10])}")
    return "\n".join(lines)


def _comment(settings: Settings, event: str, text: str) -> str:
    return f"{event_marker(settings.marker_key, event)}\n{text}"
