"""What the client loses is counted in occurrences, whatever number of records they were folded into."""

from pathlib import Path
from typing import Any, Literal

import pytest

from aggregator import limits
from aggregator.client.capture import Capture, occurrences
from aggregator.client.counters import Counters
from aggregator.client.deliveries import ERRORS_BEFORE_DROP, Deliveries
from aggregator.client.settings import Settings
from aggregator.client.wire import JsonLines
from aggregator.client.worker import Worker

COUNTS = (1, 7, 1, 30)


def deliveries(
    counters: Counters, on_absent: Literal["drop", "spool"] = "drop", folder: Path | None = None
) -> Deliveries:
    """With a record for each of COUNTS."""
    settings = Settings(spool=str(folder or ""), on_absent=on_absent, environ={})
    made = Deliveries(lambda: settings, counters, JsonLines())
    for number, count in enumerate(COUNTS):
        record: dict[str, Any] = {"message": str(number)} | ({"count": count} if count > 1 else {})
        made.add(record, None)
    return made


def test_who_ends_without_a_node_says_how_often_errors_occurred() -> None:
    counters = Counters()
    deliveries(counters).close()
    assert counters.dropped == {"node absent at exit": sum(COUNTS)}


def test_what_was_acknowledged_before_is_not_lost() -> None:
    counters = Counters()
    made = deliveries(counters)
    for _ in COUNTS:
        made.next_frame()
    made.acknowledged({"ack": 2})
    made.close()
    assert counters.dropped == {"node absent at exit": sum(COUNTS[2:])}


def test_a_new_session_for_the_same_records_forgets_no_occurrence() -> None:
    counters = Counters()
    made = deliveries(counters)
    made.gap(None)
    made.close()
    assert counters.dropped == {"node absent at exit": sum(COUNTS)}


def test_a_record_that_is_given_up_counts_for_all_that_it_stands_for() -> None:
    counters = Counters()
    made = deliveries(counters)
    for _ in range(2 * ERRORS_BEFORE_DROP):
        made.failed("bad frame")
    assert counters.dropped == {"node: bad frame": sum(COUNTS[:2])}
    assert made.held() == len(COUNTS) - 2


def test_a_spool_that_cannot_be_read_any_more_is_lost_with_all_occurrences(tmp_path: Path) -> None:
    counters = Counters()
    made = deliveries(counters, "spool", tmp_path)
    made.keep_safe_now()
    (spool,) = tmp_path.glob("*.spool")
    spool.write_bytes(b"")
    assert made.next_frame() is None
    assert counters.dropped == {"spool damaged": sum(COUNTS)}


def test_what_finds_the_queue_full_counts_for_all_that_it_stands_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aggregator.client.worker.QUEUE_RECORDS", 0)
    worker = Worker(lambda: Settings(environ={}), lambda: None)
    capture = Capture("id", 0.0, "thread", "message", "Type")
    capture.count = 7
    assert not worker.put(capture)
    assert worker.counters.dropped == {"queue full": 7}


@pytest.mark.parametrize(
    ("given", "counted"),
    [(1, 1), (7, 7), (0, 1), (-3, 1), (10 * limits.COUNT, limits.COUNT), ("7", 1), (None, 1), (True, 1), (7.5, 1)],
)
def test_a_count_that_makes_no_sense_is_one_occurrence(given: object, counted: int) -> None:
    assert occurrences(given) == counted
