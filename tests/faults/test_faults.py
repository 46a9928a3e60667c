"""The short form of `make faults`: a round of mixed faults, on the way and with the checks of the long one."""

import subprocess
import sys

from tests.fleet.harness import ROOT

PATIENCE = 900.0  # seconds; only there so that a broken run ends


def test_a_fleet_that_meets_mixed_faults_files_each_bug_once_and_counts_exactly() -> None:
    command = [sys.executable, "-m", "tests.faults", "--faults", "short"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "round 1 of 1, 0 broken" in done.stdout
