"""Play the whole demo: the steps one after the other, then the verdict.

What goes wrong in the story is a problem of the result, never an exception: as much as can be seen is shown all the
same.
"""

import shlex
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

from node.control.client import Refused, Unreachable
from node.demo.actor import Actor
from node.demo.cast import BUGS, Bug
from node.demo.played import Kept, NodeRow, Played, shown
from node.demo.process import Broken
from node.demo.progress import Progress
from node.demo.stage import Stage, opened
from node.demo.story import STORY
from node.demo.verdict import Facts, judge
from node.demo.watch import counted, filers

T = TypeVar("T")

LOOK = ("status", "peers", "leader", "issues", "errors")  # verbs
TROUBLE = (Broken, Refused, Unreachable)


def play(bugs: Sequence[Bug] = BUGS, keep: bool = False) -> Played:
    """The whole demo; `bugs`: what should come of it."""
    try:
        with opened(keep) as stage:
            return _play(stage, bugs, keep)
    except KeyboardInterrupt:
        print("aggregator demo: interrupted; all that it started is ended and removed", file=sys.stderr)
        raise


def _play(stage: Stage, bugs: Sequence[Bug], keep: bool) -> Played:
    problems: list[str] = []
    with Progress() as progress:
        try:
            for name, step in STORY:
                progress.step(name, partial(step, stage))
        except TROUBLE as error:
            problems.append(str(error))
    return _tell(stage, bugs, progress, problems, _ask(lambda: _keep(stage), None) if keep else None)


def _tell(stage: Stage, bugs: Sequence[Bug], progress: Progress, problems: list[str], kept: Kept | None) -> Played:
    """What it came to, from what the programs, the nodes and GitHub say at the end."""
    facts = _facts(stage)
    rows, wrong = judge(bugs, facts)
    return Played(
        ok=not problems and not wrong,
        seconds=round(progress.seconds, 1),
        problems=problems + wrong,
        bugs=rows,
        nodes=[row for actor in stage.playing if (row := _ask(partial(_node, actor), None))],
        elected=stage.order,
        steps=progress.done,
        kills=stage.kills,
        issues=len(facts.issues),
        asked_for=facts.asked_for,
        issue=shown(rows, facts.issues),
        kept=kept,
    )


def _facts(stage: Stage) -> Facts:
    """Of whom does not answer any more, nothing."""
    return Facts(
        did=stage.did(),
        errors={name: _ask(actor.node.errors, []) for name, actor in stage.actors.items()},
        issues=_ask(lambda: stage.hub.issues(), []),
        filers=_ask(lambda: filers(stage), {}),
        peers={actor.peer: name for name, actor in stage.actors.items()},
        asked_for=_ask(lambda: stage.hub.issues_asked_for(), 0),
        lost=stage.lost,
    )


def _node(actor: Actor) -> NodeRow:
    status = actor.node.status()
    return NodeRow(
        name=actor.name,
        peer=status.node,
        counted=counted(actor),
        by_gossip=status.gossip.get("heard_pages", 0),
        by_sync=status.gossip.get("sync_pages", 0),
    )


def _ask(question: Callable[[], T], otherwise: T) -> T:
    """Who is not there any more has nothing to say; why, the problems say."""
    with suppress(*TROUBLE):
        return question()
    return otherwise


def _keep(stage: Stage) -> Kept:
    own = Path(sys.argv[0])
    command = str(own) if own.name == "aggregator" else f"{sys.executable} -m node.cli"
    actors = list(stage.actors.values())
    look = [f"{command} --config {shlex.quote(str(actors[0].config))} {verb}" for verb in LOOK]
    look += [f"{command} --config {shlex.quote(str(actor.config))} errors" for actor in actors[1:]]
    look += [f"less {shlex.quote(str(actors[0].output))}", f"curl {stage.hub.control}/issues"]
    return Kept(str(stage.directory), look, shlex.join(("sh", str(stage.write_end()))))
