"""One run in a process of its own: what goes in, what comes out."""

from typing import NamedTuple

from tests.simulation.scenario import SCENARIOS
from tests.simulation.story import Broken, play


class Job(NamedTuple):
    scenario: str
    seed: int


class Ran(NamedTuple):
    scenario: str
    seed: int
    broken: str  # what the checks said; empty: all held
    seconds: float  # of virtual time
    fingerprint: str = ""  # of the timeline


def run_one(job: Job) -> Ran:
    """Run it."""
    try:
        world = play(SCENARIOS[job.scenario](job.seed))
    except Broken as error:
        return Ran(*job, str(error), 0.0)
    return Ran(*job, "", world.now - world.start, world.fingerprint)
