"""Who is notified: whether the command can be run, and the webhook is one that may be used. Nothing is sent."""

import os
import shutil
from pathlib import Path

from node.control.state import Finding
from node.doctor.case import Case
from node.doctor.finding import ok, problem

TEST = "aggregator notify --test sends one"


async def notify(case: Case) -> list[Finding]:
    settings = case.config.notify
    found = [_command(settings.command[0], case.path)] if settings.command else []
    if case.webhook_trouble:
        mend = "write the https address of the webhook, and nothing else, into the credential"
        found.append(problem("notify", case.webhook_trouble, mend, "webhook"))
    elif case.webhook_file and case.webhook_file.stat().st_mode & 0o044:
        mend = f"chmod 600 {case.webhook_file}, or keep the address as the systemd credential notify-webhook"
        found.append(problem("notify", f"others can read its address in {case.webhook_file}", mend, "webhook"))
    elif settings.webhook:
        found.append(ok("notify", f"is configured; {TEST}", "webhook"))
    return found or [ok("notify", "nobody is notified: neither notify.command nor notify.webhook is set")]


def _command(program: str, path: str) -> Finding:
    if shutil.which(program, path=path):
        return ok("notify", f"can be run; {TEST}", program)
    if os.sep in program and Path(program).is_file():
        return problem("notify", "is not executable for the node's user", f"chmod a+x {program}", program)
    mend = "set notify.command to the full path of a program: aggregator config set notify.command /PATH,ARGUMENT"
    return problem("notify", "is not there, or this user cannot see it", mend, program)
