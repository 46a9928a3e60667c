"""A storm: one error, again and again, as fast as a loop that retries."""

import sys
import time

from did import did

import aggregator

BETWEEN = 0.0002  # seconds


class UpstreamError(Exception):
    pass


def fetch(job: int) -> bytes:
    raise UpstreamError(f"job {job}: upstream answered 503")


def work(jobs: int) -> int:
    """How many of the failures were taken; under too great a pressure the client drops some, and says so."""
    taken = 0
    for job in range(jobs):
        try:
            fetch(job)
        except UpstreamError as error:
            taken += bool(aggregator.capture(error))
        time.sleep(BETWEEN)
    return taken


aggregator.install(service="worker", release="5.0", log_lines=0)
did("worker", work(int(sys.argv[1])))
aggregator.flush(20)
