"""What tests stand on: a node that does not come up leaves no process behind."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.agenda import next_run
from tests.fleet.harness import DAY, DaemonProcess, interval_without_ticks


class Deaf(DaemonProcess):
    """Runs and never listens."""

    started = 0  # its process

    def listens(self) -> bool:
        self.started = self.pid
        raise TimeoutError("it was waited for long enough")


def test_a_node_that_does_not_come_up_in_time_leaves_no_process(tmp_path: Path) -> None:
    node = Deaf(tmp_path)
    node.program = ("-c", "import time; time.sleep(600)")
    with pytest.raises(TimeoutError), node:
        pass
    with pytest.raises(ProcessLookupError):
        os.kill(node.started, 0)


@given(st.floats(1.6e9, 4e9))
def test_with_an_interval_without_ticks_none_comes_for_half_a_day(now: float) -> None:
    interval = int(interval_without_ticks(now).removesuffix("ms")) / 1000
    assert interval <= DAY
    assert next_run((), now, interval) - now > DAY / 2
