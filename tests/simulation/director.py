"""Carries out the steps of a plan: what each kind of fault does to node, network and GitHub, and how it ends."""

from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from aggregator.author import Author
from aggregator.book import Fact, FactKey, Standing
from aggregator.filing.calls import Issue
from aggregator.message import BookMessage, PageMessage, encode
from aggregator.page import Origin
from tests.pure.factories import name, seen
from tests.simulation.client import SimClient
from tests.simulation.fleetnode import WINDOW, FleetNode
from tests.simulation.github import Faults, VirtualGitHub
from tests.simulation.network import Network, Weather
from tests.simulation.node import Arm, Disk, SimNode
from tests.simulation.plan import Step
from tests.simulation.truth import Truth
from tests.simulation.world import World


@dataclass
class Stage:
    """All that a run consists of."""

    world: World
    truth: Truth
    github: VirtualGitHub
    network: Network
    caps: int  # issues an hour
    nodes: dict[str, SimNode] = field(default_factory=dict[str, SimNode])
    mesh: dict[str, FleetNode] = field(default_factory=dict[str, FleetNode])
    clients: dict[str, SimClient] = field(default_factory=dict[str, SimClient])
    backups: dict[str, list[Disk]] = field(default_factory=dict[str, list[Disk]])
    calm: bool = False  # no further faults
    copied: set[str] = field(default_factory=set[str])  # names of nodes that there were ever two of

    def disks(self) -> list[Disk]:
        return [node.disk for node in self.nodes.values()]


class Director:
    """`play` a step when its time has come."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._kinds: dict[str, Callable[[Step], None]] = {
            "start": self._start,
            "report": self._report,
            "crash": self._arm,
            "sleep": self._arm,
            "slow": self._slow,
            "clock": self._clock,
            "full": self._full,
            "backup": self._backup,
            "lose": self._lose,
            "restore": self._restore,
            "clone": self._clone,
            "mute": self._mute,
            "upgrade": self._upgrade,
            "weather": self._weather,
            "cut": self._cut,
            "deaf": self._deaf,
            "garbage": self._garbage,
            "flood": self._flood,
            "github": self._github,
            "person": self._person,
            "token": self._token,
        }

    def play(self, step: Step) -> None:
        """Carry out one step."""
        if step.kind != "report":
            self.stage.world.tell(f"-------- {step}")
        self._kinds[step.kind](step)

    def heal(self) -> None:
        """No faults any more: whoever is down comes back, clocks are right, tokens serve."""
        stage = self.stage
        stage.calm = True
        stage.world.tell("-------- all is healed")
        self._calm_weather()
        stage.github.down, stage.github.slow, stage.github.limited = False, 0.0, {"all": 0.0, "writes": 0.0}
        stage.github.faults = Faults()
        for node in stage.nodes.values():
            node.armed.clear()
            node.skew = node.lag = node.life.lag = 0.0
            node.full = node.revoked = node.no_refs = False
            node.filing = True

    def _node(self, step: Step) -> SimNode:
        return self.stage.nodes[step.who]

    def _later(self, step: Step, end: Callable[[], None]) -> None:
        """The end of what the step began."""
        self.stage.world.after(step.seconds, lambda: None if self.stage.calm else end())

    # Programs, processes, machines.

    def _start(self, step: Step) -> None:
        self._node(step).start()

    def _report(self, step: Step) -> None:
        stage = self.stage
        if step.who not in stage.clients:
            node = stage.nodes[step.who.partition("/")[0]]
            stage.clients[step.who] = SimClient(stage.world, node, step.who)
        stage.clients[step.who].report(int(step.what), int(step.amount))

    def _arm(self, step: Step) -> None:
        node = self._node(step)
        if step.what != "now":
            node.armed.append(Arm(step.what, step.kind, step.seconds))
        elif step.kind == "crash":
            node.crash(step.seconds)
        elif node.life.alive:
            node.sleep(step.seconds)

    def _slow(self, step: Step) -> None:
        node = self._node(step)
        node.lag = node.life.lag = step.amount

        def end() -> None:
            node.lag = node.life.lag = 0.0

        self._later(step, end)

    def _clock(self, step: Step) -> None:
        self._node(step).set_clock(step.amount)

    def _full(self, step: Step) -> None:
        node = self._node(step)
        node.full = True
        self._later(step, lambda: setattr(node, "full", False))

    # Disks.

    def _backup(self, step: Step) -> None:
        self.stage.backups.setdefault(step.who, []).append(self._node(step).disk.copy())

    def _lose(self, step: Step) -> None:
        self._exchange(self._node(step), Disk(), step.seconds)

    def _restore(self, step: Step) -> None:
        kept = self.stage.backups.get(step.who, [])
        if kept:
            self._exchange(self._node(step), kept[int(step.amount * len(kept))].copy(), step.seconds)

    def _exchange(self, node: SimNode, disk: Disk, seconds: float) -> None:
        node.crash(seconds)
        node.disk = disk
        self.stage.truth.disk_lost([each.versions() for each in self.stage.disks()])

    def _clone(self, step: Step) -> None:
        """A second machine from the image of the first: same key, same database. It is ended after a while."""
        place, original = f"{step.who}*", self.stage.mesh.get(step.who)
        if original is None or place in self.stage.nodes:
            return
        stage = self.stage
        twin = FleetNode(stage.world, stage.github, stage.network, stage.mesh, original.name, stage.truth, place)
        twin.disk, twin.settings, twin.policy = original.disk.copy(), original.settings, original.policy
        twin.neighbours = list(original.neighbours)
        stage.nodes[place] = twin
        stage.copied.add(original.name)
        twin.start()
        stage.world.after(step.seconds, lambda: self._end_clone(place, twin))

    def _end_clone(self, place: str, twin: FleetNode) -> None:
        twin.life.alive = False
        del self.stage.nodes[place], self.stage.mesh[place]
        self.stage.truth.disk_lost([each.versions() for each in self.stage.disks()])
        self.stage.world.tell(f"{place} is gone")

    def _upgrade(self, step: Step) -> None:
        """Another version of the program, which names errors in another way."""
        node = self._node(step)
        node.reads = [*node.reads, step.what]
        node.crash(1.0)

    def _mute(self, step: Step) -> None:
        """An operator mutes an error, where the node runs that is asked."""
        node = self._node(step)
        if node.life.alive:
            node.rule("mute", name(int(step.amount)), {"until": "forever"})

    # The network.

    def _weather(self, step: Step) -> None:
        setattr(self.stage.network.weather, step.what, step.amount)
        self._later(step, lambda: setattr(self.stage.network.weather, step.what, getattr(Weather(), step.what)))

    def _cut(self, step: Step) -> None:
        self.stage.network.sides = dict.fromkeys(step.who.split(), 1)
        self._later(step, lambda: setattr(self.stage.network, "sides", {}))

    def _deaf(self, step: Step) -> None:
        pair = (step.who, step.what)
        self.stage.network.deaf.add(pair)
        self._later(step, lambda: self.stage.network.deaf.discard(pair))

    def _calm_weather(self) -> None:
        network = self.stage.network
        network.weather, network.sides, network.deaf = Weather(), {}, set()

    def _garbage(self, step: Step) -> None:
        """Nonsense from a member or a stranger reaches everybody."""
        sender, draw = self.stage.mesh[step.who], self.stage.world.draw("garbage")
        if not sender.life.alive:
            return
        for _ in range(int(step.amount)):
            data = draw.randbytes(draw.randint(0, 200))
            if step.what == "bent":
                good = bytearray(encode(sender.presence()))
                good[draw.randrange(len(good))] ^= 1 << draw.randrange(8)
                data = bytes(good)
            peer = "mallory" if step.what == "stranger" else sender.name
            data = encode(sender.presence()) if step.what == "stranger" else data
            for other in self.stage.mesh.values():
                if other is not sender and other.life.alive:
                    self.stage.world.after(draw.uniform(0, 5), lambda o=other, d=data, p=peer: o.hear(p, d), other.life)

    def _flood(self, step: Step) -> None:
        """A member says far more than it should, all of it sound."""
        sender, draw = self.stage.mesh[step.who], self.stage.world.draw("flood")
        if not sender.life.alive:
            return
        for number in range(int(step.amount)):
            data = encode(self._much(step.what, sender, number))
            for other in self.stage.mesh.values():
                if other is not sender and other.life.alive:
                    self.stage.world.after(
                        draw.uniform(0, 10), lambda o=other, d=data: o.hear(sender.name, d), other.life
                    )

    def _much(self, what: str, sender: FleetNode, number: int) -> PageMessage | BookMessage:
        if what == "book":
            key = FactKey("acme/elsewhere", name(1000 + number % 20))
            return BookMessage([(key, Fact(Standing.PENDING, float(number)))], [])
        author = Author(Origin(sender.name, "f" * 16), WINDOW)  # an origin of its own, so that its counts stay its own
        staged = author.stage([seen(900 + number % 5, number + 1)], sender.now, lambda _: True)
        pages = [msgspec.structs.replace(page, sequence=number + 1) for page, _ in staged.pages]
        return PageMessage([sender.fleet.signed(page) for page in pages])

    # GitHub and people.

    def _github(self, step: Step) -> None:
        github, what = self.stage.github, step.what
        if what == "down":
            github.down = True
            self._later(step, lambda: setattr(github, "down", False))
        elif what in ("all", "writes"):
            github.limited[what] = self.stage.world.now + step.seconds
        elif what == "slow":
            github.slow = step.amount
            self._later(step, lambda: setattr(github, "slow", 0.0))
        else:
            setattr(github.faults, what, step.amount)
            self._later(step, lambda: setattr(github.faults, what, 0.0))

    def _person(self, step: Step) -> None:
        github, number = self.stage.github, int(step.amount)
        github.discuss("somebody")
        of_root = [s for s in github.issues.values() if name(number + 1) in s.issue.body and not s.deleted]
        if not of_root:
            return
        stored = of_root[-1] if "duplicate" in step.what else of_root[0]
        github.touched.add(name(number + 1))
        self._change(step.what, stored.issue)

    def _change(self, what: str, issue: Issue) -> None:
        github, number = self.stage.github, issue.number
        match what:
            case "close" | "not planned" if issue.open:
                github.close(number, "not_planned" if what == "not planned" else "completed")
            case "reopen" | "reopen duplicate" if not issue.open:
                github.excused.add(number)
                github.reopen(number)
            case "delete":
                github.issues[number].deleted = True
            case "retitle":
                github.issues[number].issue = msgspec.structs.replace(issue, title="what is this?")
            case "unlabel":
                github.issues[number].issue = msgspec.structs.replace(issue, labels=())
            case "unmark":
                github.edit(number, "somebody has written here")
            case _:
                pass

    def _token(self, step: Step) -> None:
        node = self._node(step)
        attribute, bad = {"revoked": ("revoked", True), "no refs": ("no_refs", True), "no filing": ("filing", False)}[
            step.what
        ]
        setattr(node, attribute, bad)
        self._later(step, lambda: setattr(node, attribute, not bad))
