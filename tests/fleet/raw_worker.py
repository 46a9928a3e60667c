"""A worker that speaks the ingest protocol itself: `python -m tests.fleet.raw_worker KINDS OCCURRENCES`.

It sends all in one session, in one write, and prints what it was told as JSON.
"""

import json
import os
import sys
from pathlib import Path

from tests.sender import Sender, error, new_session, numbered

KINDS, OCCURRENCES = int(sys.argv[1]), int(sys.argv[2])


def main() -> None:
    numbers = [occurrence % KINDS for occurrence in range(OCCURRENCES)]
    sender = Sender(Path(os.environ["AGGREGATOR_SOCKET"]))
    sender.hello(new_session())
    sender.send(*numbered([error(number) for number in numbers]))
    answers = sender.answers_to(OCCURRENCES)
    sender.close()
    refused = {each["reason"]: 1 for answer in answers for each in answer.get("refused", [])}
    counts = [numbers.count(number) for number in range(KINDS)]
    print(json.dumps({"counts": counts, "acknowledged": answers[-1].get("ack", 0), "refused": refused, "dropped": {}}))


if __name__ == "__main__":
    main()
