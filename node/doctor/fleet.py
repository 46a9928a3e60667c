"""The other nodes: whether any is there, and whether the clocks agree."""

import statistics

from aggregator.filing.calls import Failure
from aggregator.reason import Reason
from node.control.state import Finding
from node.doctor.case import Case, Company
from node.doctor.finding import ok, problem, unknown
from node.doctor.github import again

CLOCK_OFF = 60.0  # seconds: GitHub refuses what an app signed a minute away; counting bears an hour
TESTED = 4  # addresses that are tried, one after the other
LOOKS_DEAD = (
    "a wrong network key looks like a dead node: if it does run there, run `aggregator invite` on it and join again "
    "here; else start it, and open its port for this machine"
)
SET_CLOCK = "let the machine keep its clock: timedatectl set-ntp true"


async def clock(case: Case) -> list[Finding]:
    """Against GitHub's, else against most of the other nodes."""
    against, ahead, mend = "GitHub's clock", None, ""
    why = "there is neither a token nor another node to compare with"
    if case.github is not None:
        try:
            ahead = await case.github.clock_ahead()
        except Failure as failure:
            why, mend = f"GitHub did not tell its time: {failure}", again(case, failure)
    if ahead is None and case.company and case.company.clocks:
        against, ahead = f"the clocks of {len(case.company.clocks)} other nodes", statistics.median(case.company.clocks)
    if ahead is None:
        return [unknown("clock", why, mend)]
    told = f"{abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} {against}"
    return [problem("clock", told, SET_CLOCK) if abs(ahead) > CLOCK_OFF else ok("clock", told)]


async def key(case: Case) -> list[Finding]:
    """Whether this node is the only one with its key."""
    if not case.running or case.company is None:
        return []
    return [
        problem("key", Reason.COPIED.value, case.company.copied) if case.company.copied else ok("key", "is its own")
    ]


async def peers(case: Case) -> list[Finding]:
    """Whether the others are there."""
    company = case.company
    if case.company_trouble:
        return [_unusable(case.company_trouble)]
    if company is None:
        return [
            ok("peers", "this node belongs to no fleet (`aggregator init` founds one, `aggregator join` joins one)")
        ]
    if not case.config.network.enabled:
        return [
            unknown("peers", "network.enabled is off: this node counts and files alone", "switch it on", company.name)
        ]
    if company.neighbours:
        return [ok("peers", f"{len(company.neighbours)} connected, {company.others} other members known", company.name)]
    if not company.addresses:
        return [_nobody(company)]
    return [await _reach(company)]


def _unusable(trouble: str) -> Finding:
    """What `FleetError` and `IdentityError` say: the file, what is wrong with it, the remedy."""
    told, _, mend = trouble.rpartition(": ")
    about, _, found = told.partition(": ")
    return problem("peers", found, mend, about)


def _nobody(company: Company) -> Finding:
    if company.neighbours is None:
        return unknown("peers", "no node runs here, and no address of another one is configured", "", company.name)
    if not company.others:
        return ok("peers", "nobody else has joined yet", company.name)
    mend = "set network.seeds to the address of one that runs, and see whether its port is open for this machine"
    return problem("peers", f"{company.others} other members are known, and none is connected", mend, company.name)


async def _reach(company: Company) -> Finding:
    reasons: list[str] = []
    for address in company.addresses[:TESTED]:
        reason = await company.test(address)
        if reason is None and company.neighbours is None:
            return ok("peers", f"a node of the fleet answers at {address}", company.name)
        reasons.append(reason or f"{address} answers now")
    told = "; ".join(reasons)
    return problem("peers", f"none is connected: {told}", LOOKS_DEAD, company.name)
