"""The log of rounds: a line of JSON for each, of several runs and commits if need be, from which the table is made.

A round that is in the log is not run again, so a run that was interrupted goes on where it stood. A line that was cut
off in the middle is left out: then that round is run again.
"""

import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.faults.round import Outcome


@dataclass(frozen=True)
class Record:
    fault: str
    group: str
    kept: bool  # whether all promises were
    at: str  # when it ended, ISO 8601
    commit: str  # that the program was of; ends in "+" where files differ from it
    outcome: Outcome
    told: str = ""  # what the strike says of itself


def line(record: Record) -> str:
    return json.dumps(asdict(record))


def of(told: dict[str, Any]) -> Record:
    """What `line` told. Raises KeyError or TypeError where it is something else."""
    rest = {**told}
    outcome = Outcome(**rest.pop("outcome"))
    return Record(outcome=outcome, **rest)


def read(path: Path | None) -> list[Record]:
    """All rounds of a log; none where there is no log yet."""
    if path is None or not path.exists():
        return []
    found: list[Record] = []
    for each in path.read_text().splitlines():
        try:
            found.append(of(json.loads(each)))
        except (ValueError, KeyError, TypeError):
            continue
    return found


def append(path: Path | None, record: Record) -> None:
    if path is not None:
        with path.open("a") as log:
            log.write(line(record) + "\n")


def rounds_of(records: list[Record]) -> Counter[str]:
    """By fault, how many rounds there were."""
    return Counter(each.fault for each in records)
