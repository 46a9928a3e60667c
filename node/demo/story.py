"""What happens in the demo, in order. Each step is a function of the stage that says in a few words what came of it."""

from collections.abc import Callable

from node.demo import cast, planted
from node.demo.cast import BUGS
from node.demo.process import Broken, wait_until
from node.demo.stage import Stage

ALICE = "alice"
HANG = 20.0  # seconds that a broken request hangs; longer than it takes to kill who waits for it
QUIET_TICKS = 2  # after the last issue; whatever would be filed twice is filed then


def github(stage: Stage) -> str:
    return f"{stage.hub.repository} at {stage.hub.url}"


def fresh_node(stage: Stage) -> str:
    """A token is there, but nobody has said yet that it may be used."""
    alice = stage.actor(ALICE)
    alice.start()
    status = alice.node.status()
    if not status.github_token.present or status.enabled:
        raise Broken("a fresh node should have found the token, and should not file")
    return f"process {alice.pid}, has a token, files nothing"


def crash(stage: Stage) -> str:
    """Programs fail in all the ways there are, and one is only ended."""
    programs = cast.crashes(stage.secrets)
    stage.run(stage.actor(ALICE), programs)
    return f"{len(programs)} processes of {len({p.name for p in programs})} programs"


def storm(stage: Stage) -> str:
    stage.run(stage.actor(ALICE), cast.storm())
    return f"{stage.did()['worker']:,} times one error, from {cast.STORM_PROCESSES} processes"


def count(stage: Stage) -> str:
    """Everything that happened is counted, and GitHub has heard nothing."""
    wait_for_counts(stage)
    if calls := stage.hub.requests():
        raise Broken(f"GitHub was called {calls} times before that was allowed")
    return f"{counted(stage):,} of {sum(stage.did().values()):,}; calls to GitHub so far: 0"


def allow(stage: Stage) -> str:
    """The next request for an issue will be lost on its way: GitHub does nothing, and the node cannot know."""
    stage.hub.break_next_issue("FLT-02", HANG)
    stage.command(stage.actor(ALICE), "enable", "--github-repo", stage.hub.repository)
    return f"aggregator enable --github-repo {stage.hub.repository}"


def kill_before(stage: Stage) -> str:
    wait_until(stage.hub.broke, "the node asks for its first issue")
    stage.kill(ALICE)
    stage.lost += 1
    return "its request for an issue never reached GitHub"


def crash_alone(stage: Stage) -> str:
    """The third occurrence of a bug that was too rare, while there is no node."""
    stage.run(stage.actor(ALICE), [cast.python("reports")])
    return "the third ReportError waits in the spool"


def start_again(stage: Stage) -> str:
    """The next answer to a request for an issue will be lost: GitHub has it, and the node cannot know."""
    stage.hub.break_next_issue("FLT-01", HANG)
    stage.actor(ALICE).start()
    return f"process {stage.actor(ALICE).pid}"


def start_last(stage: Stage) -> str:
    stage.actor(ALICE).start()
    return f"process {stage.actor(ALICE).pid}"


def kill_after(stage: Stage) -> str:
    wait_until(stage.hub.broke, "the node asks for another issue")
    stage.kill(ALICE)
    return f"GitHub has made issue #{stage.hub.issues()[-1].number}, its answer is lost"


def file_all(stage: Stage) -> str:
    """Until everything due is filed: at once what is clear, and after the takeover age what was lost."""
    alice = stage.actor(ALICE)
    wait_for_counts(stage)
    due = [bug for bug in BUGS if bug.is_due(stage.did().get(bug.name, 0))]
    wait_until(lambda: filed(stage) >= len(due), f"{len(due)} bugs are filed")
    return f"{len(alice.node.issues())} issues, {stage.hub.issues_asked_for()} requests for one"


def be_quiet(stage: Stage) -> str:
    """Further bundles find nothing to do."""
    before = stage.hub.issues_asked_for()
    for _ in range(QUIET_TICKS):
        stage.actor(ALICE).node.bundle(dry_run=False)
    if stage.hub.issues_asked_for() != before:
        raise Broken("another bundle has filed what was filed already")
    return f"{QUIET_TICKS} more bundles, no further issue"


def wait_for_counts(stage: Stage) -> None:
    """What is on its way, over sockets or from the spool, arrives; whether it is exact, the verdict says."""
    happened = sum(stage.did().values())
    wait_until(lambda: counted(stage) >= happened, f"{happened:,} occurrences are counted")


def counted(stage: Stage) -> int:
    return sum(row.count for row in stage.actor(ALICE).node.errors())


def filed(stage: Stage) -> int:
    return sum(row.state == "filed" for row in stage.actor(ALICE).node.errors())


def search(stage: Stage) -> str:
    """No secret in anything that the aggregator keeps, logs, sends or shows."""
    looked = 0
    found = stage.secrets.found(stage.hub.everything(), "what GitHub was sent")
    for path, text in planted.files(*(actor.home for actor in stage.actors.values())):
        found += stage.secrets.found(text, str(path.relative_to(stage.directory)))
        looked += 1
    if found:
        raise Broken("; ".join(found))
    return f"{len(stage.secrets)} secrets in {looked} files and all that GitHub was sent: none"


STORY: tuple[tuple[str, Callable[[Stage], str]], ...] = (
    ("A GitHub of its own", github),
    ("A fresh node starts", fresh_node),
    ("Programs crash", crash),
    ("A storm", storm),
    ("All is counted", count),
    ("Filing is allowed", allow),
    ("kill -9 while it files", kill_before),
    ("A crash without a node", crash_alone),
    ("The node starts again", start_again),
    ("kill -9 while it files", kill_after),
    ("The node starts again", start_last),
    ("The rest is filed", file_all),
    ("Nothing more to do", be_quiet),
    ("Secrets are looked for", search),
)
