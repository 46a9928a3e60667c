"""What tests stand on: a node that does not come up leaves no process behind."""

import os
from pathlib import Path

import pytest

from tests.fleet.harness import DaemonProcess


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
