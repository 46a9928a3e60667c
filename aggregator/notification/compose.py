"""From news to the event that is sent."""

from collections.abc import Callable

import msgspec

from aggregator.agenda import Knowledge
from aggregator.bundle import known_total
from aggregator.moment import rfc3339
from aggregator.notification.event import BREAKER, FAILURE, TEST, TEXT_BYTES, Event, described, harmless, line
from aggregator.notification.newcomers import Newcomer
from aggregator.notification.outcomes import News
from aggregator.plural import plural
from aggregator.reason import Reason

Address = Callable[[str, int], str]  # of an issue, by repository and number


def of_newcomer(new: Newcomer, known: Knowledge, repository: str, now: float) -> Event:
    """A new error; or that there are so many that no more are told apart."""
    said = (
        "too many different errors: those that found no room are only counted" if new.kind == BREAKER else "new error"
    )
    reason = Reason.OVERFLOW.name if new.kind == BREAKER else ""
    event = Event(kind=new.kind, at=rfc3339(now), text="", reason=reason, repository=repository, root=new.root)
    return _said(said, described(event, known_total(new.root, *known)))


def of_news(news: News, known: Knowledge, now: float, address: Address) -> Event:
    """What filing came to."""
    came = news.outcome
    event = Event(
        kind=news.kind,
        at=rfc3339(now),
        text="",
        reason=came.reason.name,
        repository=came.repository,
        number=0 if news.roots else came.number,
        url=address(came.repository, came.number) if came.number and not news.roots else "",
        root="" if news.roots else came.root,
        count=news.roots,
    )
    if news.roots:
        return _said(_trouble(news), event)
    return _said(came.reason.value, described(event, known_total(came.root, *known)))


def of_test(now: float) -> Event:
    return Event(kind=TEST, at=rfc3339(now), text="a test: notifications of error-aggregator arrive here")


def _trouble(news: News) -> str:
    words = f" ({harmless(news.outcome.text, TEXT_BYTES)})" if news.outcome.text else ""
    waits = f"{plural(news.roots, 'error')} {'waits' if news.roots == 1 else 'wait'}"
    mend = "; see `aggregator doctor`" if news.kind == FAILURE else ""
    return f"{news.outcome.reason.value}{words}; {waits}{mend}"


def _said(said: str, event: Event) -> Event:
    return msgspec.structs.replace(event, text=line(said, event))
