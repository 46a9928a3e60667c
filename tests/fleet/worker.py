"""A worker with the client library in it: `python -m tests.fleet.worker KINDS OCCURRENCES [PAUSE]`.

It fails in KINDS ways, in turn, OCCURRENCES times in all, or until its standard input ends, and prints what became of
it as JSON. PAUSE: seconds between two failures.
"""

import json
import select
import sys
import time

import aggregator

KINDS, OCCURRENCES = int(sys.argv[1]), int(sys.argv[2])
PAUSE = float(sys.argv[3]) if len(sys.argv) > 3 else 0.0
AT_A_TIME = 400  # captures before a flush, where nothing else keeps it from overrunning its own queue of 512

kinds = [type(f"Error{number}", (Exception,), {}) for number in range(KINDS)]
counts = [0] * KINDS


def fail(number: int) -> None:
    try:
        raise kinds[number](f"attempt {counts[number]} failed")
    except Exception:
        counts[number] += 1
        aggregator.capture()


def told_to_end() -> bool:
    return bool(select.select([sys.stdin], [], [], PAUSE)[0])


def main() -> None:
    aggregator.install("worker", hooks=())
    for occurrence in range(OCCURRENCES):
        fail(occurrence % KINDS)
        if PAUSE and told_to_end():
            break
        if not PAUSE and occurrence % AT_A_TIME == AT_A_TIME - 1:
            aggregator.flush(60)
    end = time.monotonic() + 2
    while not aggregator.flush(1) and time.monotonic() < end:  # what is left goes to the spool
        pass
    print(json.dumps({"counts": counts, **aggregator.statistics()}))


if __name__ == "__main__":
    main()
