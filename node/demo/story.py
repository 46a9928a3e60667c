"""What happens in the demo, in order. Each step is a function of the stage that says in a few words what came of it."""

import json
from collections.abc import Callable

from aggregator.plural import plural
from node.demo import cast, planted, watch
from node.demo.cast import NODES
from node.demo.process import Broken, wait_until
from node.demo.stage import Stage

WINDOW = 2  # seconds
HANG = 40.0  # seconds that a broken request hangs; longer than it takes to kill who waits for it
QUIET_TICKS = 2  # after the last issue; whatever would be filed twice is filed then


def github(stage: Stage) -> str:
    return f"{stage.hub.repository} at {stage.hub.url}"


def found(stage: Stage) -> str:
    """A token is there, but nobody has said yet that it may be used."""
    first = NODES[0]
    stage.command([first], "init", "--window", f"{WINDOW}s", "--name", "shop")
    stage.start(first)
    status = stage.actor(first).node.status()
    if not status.github_token.present or status.enabled:
        raise Broken("a fresh node should have found the token, and should not file")
    return f"{first}, process {stage.actor(first).pid}, has a token, files nothing"


def join(stage: Stage) -> str:
    """Two more machines, with one invitation."""
    first, *others = NODES
    told = stage.command([first], "invite", "--uses", str(len(others)), "--allow-loopback", "--json")
    invitation: str = json.loads(told[0])["token"]
    stage.secrets.add("INVITATION", invitation)
    stage.command(others, "join", "-", given=invitation)
    stage.start(*others)
    watch.wait_together(stage)
    return f"{' and '.join(others)}, with one invitation; each is linked with each"


def crash(stage: Stage) -> str:
    """Programs fail in all the ways there are, and one is only ended."""
    programs = cast.crashes(stage.secrets)
    stage.run(programs)
    return f"{len(programs)} processes of {len({p.name for p in programs})} programs, on {len(NODES)} nodes"


def storm(stage: Stage) -> str:
    processes = cast.storm()
    stage.run(processes)
    return f"{sum(stage.did()['worker'].values()):,} times one error, from {len(processes)} processes on all nodes"


def count(stage: Stage) -> str:
    """Every node counts what happened on any, and GitHub has heard nothing."""
    watch.wait_counted(stage)
    watch.wait_alike(stage)
    if calls := stage.hub.requests():
        raise Broken(f"GitHub was called {calls} times before that was allowed")
    for actor in stage.playing:
        if not actor.node.status().gossip["heard_pages"]:
            raise Broken(f"no count came to {actor.name} by gossip")
    told = ", ".join(f"{actor.name} {watch.counted(actor):,}" for actor in stage.playing)
    return f"{told}; calls to GitHub so far: 0"


def elect(stage: Stage) -> str:
    """So far one service alone has a route, and nothing of it is due: they are elected, and have nothing to file."""
    stage.command(NODES, "enable")
    stage.order = watch.wait_elected(stage)
    return f"{stage.order[0]} files; then {', then '.join(stage.order[1:])}"


def allow(stage: Stage) -> str:
    """From now on all services have a route."""
    stage.command(NODES, "config", "set", "github.repository", stage.hub.repository)
    watch.wait_filed(stage)
    issues = list(watch.filers(stage).values())
    return ", ".join(f"{name} {plural(issues.count(name), 'issue')}" for name in stage.order if name in issues)


def kill_before(stage: Stage) -> str:
    """The third occurrence of a bug that was too rare. The request for its issue is lost on its way: GitHub does
    nothing, and the node cannot know."""
    stage.hub.break_next_issue("FLT-02", HANG)
    kill_filer(stage, cast.python("reports", stage.order[0]))
    stage.lost += 1
    return f"{stage.order[0]}, whose request for an issue never reached GitHub"


def next_in_rank(stage: Stage) -> str:
    """A bug that nobody has seen before, on the nodes that are left."""
    _, second, third = stage.order
    stage.run([cast.python("coupons", third, f"{n}7") for n in (1, 2)])
    watch.wait_counted(stage)
    stage.run([cast.python("coupons", second, "37")])  # the first to know that it is due
    watch.wait_filed(stage, "coupons")
    told = watch.filed_by(stage, "coupons")
    if not told.startswith(second):
        raise Broken(f"{second} is next in rank, and {told}")
    return f"{told}, of a new bug"


def crash_alone(stage: Stage) -> str:
    """On the machine of the dead node."""
    dead = stage.order[0]
    stage.run([cast.python("invoices", dead, str(n)) for n in (1, 2)])
    return f"2 InvoiceErrors on {dead}'s machine wait in its spool"


def come_back(stage: Stage) -> str:
    dead = stage.order[0]
    stage.start(dead)
    watch.wait_together(stage)
    watch.wait_counted(stage)
    watch.wait_alike(stage)
    actor = stage.actor(dead)
    return f"{dead}, process {actor.pid}: counts {watch.counted(actor):,} and holds the book of the others"


def kill_after(stage: Stage) -> str:
    """Elected again, and the answer to its request is lost: GitHub has made the issue, and the node cannot know."""
    watch.wait_filed(stage)  # what was lost before: one request at a time
    if watch.wait_elected(stage) != stage.order:
        raise Broken("the same nodes were elected in another order")
    stage.hub.break_next_issue("FLT-01", HANG)
    kill_filer(stage, cast.python("invoices", stage.order[0], "3"))
    return f"{stage.order[0]}, elected again; GitHub has made #{stage.hub.issues()[-1].number}, its answer is lost"


def kill_filer(stage: Stage, last: cast.Program) -> None:
    """SIGKILL for the elected node, while it waits for the answer to its request for an issue.

    `last`: what makes a bug due. It runs on the elected node, which is so the first to know; the others know it, too,
    when that is killed.
    """
    stage.run([last])
    watch.wait_counted(stage)
    wait_until(stage.hub.broke, "the elected node asks for an issue")
    if (asking := watch.asking(stage)) != stage.order[0]:
        raise Broken(f"{stage.order[0]} is elected, and {asking} asks for an issue")
    stage.kill(stage.order[0])


def file_all(stage: Stage) -> str:
    """Whose outcome is unknown is looked for, after the takeover age."""
    watch.wait_filed(stage)
    watch.wait_alike(stage)
    return f"{len(stage.hub.issues())} issues, {stage.hub.issues_asked_for()} requests for one"


def be_quiet(stage: Stage) -> str:
    """Further bundles find nothing to do."""
    before = stage.hub.issues_asked_for()
    for _ in range(QUIET_TICKS):
        stage.actor(stage.order[0]).node.bundle(dry_run=False)
    if stage.hub.issues_asked_for() != before:
        raise Broken("another bundle has filed what was filed already")
    return f"{QUIET_TICKS} more bundles, no further issue"


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
    ("A fleet is founded", found),
    ("Two more join", join),
    ("Programs crash", crash),
    ("A storm", storm),
    ("All count the same", count),
    ("One is elected", elect),
    ("It files", allow),
    ("kill -9 while it files", kill_before),
    ("The next in rank files", next_in_rank),
    ("A crash without a node", crash_alone),
    ("It comes back", come_back),
    ("kill -9 while it files", kill_after),
    ("It comes back", come_back),
    ("The rest is filed", file_all),
    ("Nothing more to do", be_quiet),
    ("Secrets are looked for", search),
)
