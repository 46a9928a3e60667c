"""People, operators, crashes and time in any order: at the end every bug has at most one open issue, or a reason."""

import random
from collections import Counter
from typing import Any

import pytest

from aggregator.filing.listing import read_found
from aggregator.rulings import canonical, edge
from tests.pure.desk import Desk, Event, Killed, github
from tests.pure.factories import name

ROOTS = (1, 2, 3)
STEPS = 60
QUIET = 6 * 3600.0  # seconds in which all must have come to rest


class Story:
    """Two nodes that share a book, and what people do meanwhile, as the seed decides."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.github = github(seed, list_lag=self.random.choice([0.0, 300.0]), stale_ref=self.random.choice([0.0, 0.2]))
        self.github.on_change = lambda: None  # operators may well make doubles: the end is what is looked at
        changes: dict[str, Any] = {"regression": self.random.choice(["reopen", "new-linked", "comment"])}
        alice = Desk(self.github, "alice", **changes)
        self.desks = [alice, Desk(self.github, "bob", alice.known, **changes)]
        self.actions = [self.occur, self.occur, self.tick, self.tick, self.tick, self.wait, self.person, self.operator]

    def run(self) -> None:
        for _ in range(STEPS):
            self.random.choice(self.actions)()

    def occur(self) -> None:
        self.desks[0].see(self.random.choice(ROOTS), count=self.random.choice([1, 3, 30]))

    def wait(self) -> None:
        self.github.world.now += self.random.choice([10.0, 130.0, 700.0, 4000.0, 90_000.0])

    def tick(self) -> None:
        at = self.random.randrange(2)

        def trouble(event: Event) -> None:
            if self.random.random() < 0.02:
                raise Killed
            if self.random.random() < 0.05 and not event.after:
                event.lost = self.random.choice(["request", "answer"])

        try:
            self.desks[at].tick(trouble)
        except Killed:
            self.desks[at] = self.desks[at].restarted()

    def person(self) -> None:
        present = [n for n, stored in self.github.issues.items() if not stored.deleted]
        if not present:
            return
        number = self.random.choice(present)
        match self.random.randrange(8):
            case 0 | 1 | 2:
                self.github.close(number, self.random.choice(["completed", "not_planned", ""]), "passer-by")
            case 3:
                self.github.close(number, "duplicate", duplicate_of=self.random.choice(present))
            case 4:
                self.github.reopen(number)
            case 5:
                self.github.edit(number, self.random.choice(["", "words", self.github.issues[number].issue.body * 2]))
            case 6:
                self.github.issues[number].deleted = self.random.random() < 0.3
            case _:
                self.github.locked ^= {number}

    def operator(self) -> None:
        desk, root = self.desks[0], name(self.random.choice(ROOTS))
        match self.random.randrange(5):
            case 0:
                desk.rule("mute", root, self.random.choice([None, {"until": "forever"}]))
            case 1:
                other = name(self.random.choice([n for n in ROOTS if name(n) != root]))
                desk.rule("edge", edge(root, other), self.random.choice([True, None]))
            case 2:
                desk.rule("never", root, None)
                desk.rule("generation", root, self.random.randrange(3))
            case 3:
                desk.rule("drop", root, int(desk.world.now))
            case _:
                self.github.refs.pop(root, None)


@pytest.mark.parametrize("seed", range(150))
def test_whatever_people_do_every_bug_comes_to_rest_with_at_most_one_open_issue(seed: int) -> None:
    story = Story(seed)
    story.run()
    story.github.faults.list_lag = story.github.faults.stale_ref = 0.0
    desk = story.desks[0].restarted()
    end = desk.world.now + QUIET
    while desk.world.now < end:
        desk.tick()
        desk.wait()
    assert all(each.state in ("filed", "refused") for each in desk.last), desk.last
    opened = [found for i in story.github.open_issues() if (found := read_found(desk.settings, i))]
    whose = Counter(canonical(desk.known.book, found.root) for found in opened)
    assert max(whose.values(), default=0) <= 1, [(f.issue.number, f.root, f.generation) for f in opened]
