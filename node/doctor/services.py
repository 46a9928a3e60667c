"""Services that report errors and have no repository: what is due of them waits for ever."""

from node.control.state import Finding
from node.doctor.case import Case
from node.doctor.finding import ok, problem, unknown

NAMED = 20  # services that are named at most


async def routes(case: Case) -> list[Finding]:
    """Whether every service that was seen has a repository."""
    if case.services is None:
        return [unknown("route", "which services report is known while the node runs")]
    if not case.outward:
        return [ok("route", f"{len(case.services)} services were seen, and nothing is filed")]
    github = case.config.github
    lost = sorted(name for name in case.services if not github.routes.get(name, github.repository))
    if not lost:
        return [ok("route", f"all of the {len(case.services)} services that were seen have a repository")]
    mend = "aggregator config set github.repository OWNER/REPOSITORY for all, or a route of its own in github.routes"
    return [
        problem("route", "errors of this service are counted and never filed", mend, name or "(no name)")
        for name in lost[:NAMED]
    ]
