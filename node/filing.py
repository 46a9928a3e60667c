"""Drives the filing procedure: carries out what it asks for, and gives it the answer or the failure.

All decisions are the procedure's (`aggregator/filing/`). Here is only who does what: GitHub's calls go to GitHub, the
few others to this node's store and clock. Nothing is repeated, nothing is skipped.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from aggregator.book import Fact, FactKey
from aggregator.filing.calls import Call, Elapsed, Failure, Intend, Note, ReadSample, Rule, Steps
from aggregator.filing.case import Memory as Recalled
from aggregator.filing.case import Outcome
from aggregator.filing.claim import Claim
from aggregator.filing.run import Run, run
from aggregator.filing.settings import Settings
from aggregator.record import ErrorRecord
from node.clock import Clock

T = TypeVar("T")


class GitHub(Protocol):
    async def perform(self, call: Call[T]) -> T:
        """Raises NotSent, Unsure or Rejected."""
        ...


class Memory(Protocol):
    """What the procedure remembers. Each returns when it is committed."""

    async def read_sample(self, samples: tuple[str, ...]) -> ErrorRecord | None: ...

    async def intend(self, claim: Claim) -> None: ...

    async def note(self, key: FactKey, fact: Fact) -> None: ...

    async def rule(self, kind: str, subject: str, value: Any) -> None: ...


async def drive(steps: Steps[T], github: GitHub, memory: Memory, clock: Clock) -> T:
    """Run the procedure to its end and return its outcome. Cancelled: it is closed where it stands."""
    answer: Any = None
    failure: Failure | None = None
    try:
        while True:
            try:
                call = steps.send(answer) if failure is None else steps.throw(failure)
            except StopIteration as end:
                return end.value
            answer, failure = None, None
            try:
                answer = await _carry_out(call, github, memory, clock)
            except Failure as failed:
                failure = failed
    finally:
        steps.close()


async def _carry_out(call: Call[Any], github: GitHub, memory: Memory, clock: Clock) -> Any:
    match call:
        case Elapsed():
            return clock.elapsed()
        case ReadSample():
            return await memory.read_sample(call.samples)
        case Intend():
            return await memory.intend(call.claim)
        case Note():
            return await memory.note(call.key, call.fact)
        case Rule():
            return await memory.rule(call.kind, call.subject, call.value)
        case _:
            return await github.perform(call)


class Filer:
    """Files for this node: one run for one repository at a time, with what is remembered between runs.

    `github`: as it is when a run begins; the run ends with it. None: there is no token, and nothing is done.
    """

    def __init__(self, github: Callable[[], GitHub | None], memory: Memory, clock: Clock) -> None:
        self._github, self._memory, self._clock = github, memory, clock
        self._memories: defaultdict[str, dict[str, Recalled]] = defaultdict(dict)  # by repository, by root

    async def run(self, job: Run, settings: Settings) -> list[Outcome]:
        """One outcome for each case of `job`. Raises only what the store raises."""
        github = self._github()
        if github is None:
            return []
        return await drive(run(job, self._memories[job.repository], settings), github, self._memory, self._clock)
