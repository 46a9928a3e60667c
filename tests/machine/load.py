"""Programs that report without a pause until a file exists: shells, one thing a connection, and one worker.

Prints the sums as JSON. `sent` is what must be counted: what the shells were answered, and what the worker reported.
Fails if one of the shells was refused, or the worker dropped something. Needs only the installed client.
"""

import json
import os
import socket
import sys
import threading
import time
from pathlib import Path

import aggregator

SOCKET = "/run/error-aggregator/ingest.sock"
LINE = b'{"message": "load", "type": "Load", "service": "load"}\n'
PATIENCE = 120.0  # seconds for an answer: longer than any restart


class Shell(threading.Thread):
    """Connects, says one thing, waits for the answer, and never tries twice."""

    def __init__(self, stop: Path) -> None:
        super().__init__()
        self.acknowledged = 0
        self.refused: list[str] = []
        self.longest = 0.0
        self._stop_file = stop

    def run(self) -> None:
        while not self._stop_file.exists():
            began = time.monotonic()
            try:
                answer = say()
            except OSError as error:
                answer = str(error)
            self.longest = max(self.longest, time.monotonic() - began)
            if answer.startswith('{"ack":1,'):
                self.acknowledged += 1
            else:
                self.refused.append(answer)


def say() -> str:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(PATIENCE)
        sock.connect(SOCKET)
        sock.sendall(LINE)
        sock.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: sock.recv(4096), b"")).decode()


def main(stop: Path, number: int) -> None:
    shells = [Shell(stop) for _ in range(number)]
    for each in shells:
        each.start()
    aggregator.install(service="load", hooks=())
    reported = 0
    while not stop.exists():
        aggregator.report("load of a worker")
        reported += 1
        time.sleep(0.002)
    for each in shells:
        each.join()
    delivered = aggregator.flush(PATIENCE)
    refused = [text for each in shells for text in each.refused]
    told = {
        "shells": sum(each.acknowledged for each in shells),
        "worker": reported,
        "sent": sum(each.acknowledged for each in shells) + reported,
        "refused": refused[:5],
        "longest_wait": round(max((each.longest for each in shells), default=0.0), 2),
        "client": {name: value for name, value in aggregator.statistics().items() if value},
    }
    print(json.dumps(told))
    sys.stdout.flush()
    os._exit(1 if refused or aggregator.statistics()["dropped"] or not delivered else 0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
