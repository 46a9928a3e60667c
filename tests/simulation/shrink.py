"""Makes a plan that breaks a promise smaller, while it still breaks one: what is left tells how it came about.

Delta debugging: take out halves of the steps, then quarters, down to single ones; then nodes of which no step speaks.
"""

from collections.abc import Callable, Sequence

import msgspec

from tests.simulation.plan import Plan, Step

TRIES = 400  # runs at most


def shrink(plan: Plan, breaks: Callable[[Plan], bool], tries: int = TRIES) -> Plan:
    """The smallest plan that was found; `breaks` runs one."""
    left = [tries]

    def still(steps: Sequence[Step]) -> bool:
        left[0] -= 1
        smaller = with_steps(plan, steps)
        return left[0] >= 0 and bool(smaller.nodes) and breaks(smaller)

    steps = list(plan.steps)
    size = max(1, len(steps) // 2)
    while left[0] > 0:
        smaller = without_chunks(steps, size, still)
        if smaller == steps and size == 1:
            break
        steps, size = smaller, max(1, size // 2) if smaller == steps else min(size, max(1, len(smaller) // 2))
    return with_steps(plan, steps)


def without_chunks(steps: list[Step], size: int, still: Callable[[list[Step]], bool]) -> list[Step]:
    """`steps` without each piece of this size that is not needed."""
    at = 0
    while at < len(steps):
        fewer = steps[:at] + steps[at + size :]
        if still(fewer):
            steps = fewer
        else:
            at += size
    return steps


def with_steps(plan: Plan, steps: Sequence[Step]) -> Plan:
    """The plan with only these steps, and the nodes that they start."""
    started = {step.who for step in steps if step.kind == "start"}
    named = {step.who.partition("/")[0] for step in steps} | {step.what for step in steps}
    nodes = tuple(name for name in plan.nodes if name in started | named)
    nodes = nodes if len(nodes) > 1 or len(plan.nodes) == 1 else plan.nodes[:2]
    return msgspec.structs.replace(plan, nodes=nodes, steps=tuple(steps))
