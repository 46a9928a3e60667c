"""Driving the filing procedure: each call reaches who carries it out, and the answer or the failure comes back."""

from dataclasses import dataclass, field
from typing import Any

import pytest
import trio

from aggregator.book import Fact, FactKey, Standing
from aggregator.filing.calls import (
    Call,
    Elapsed,
    HighestNumber,
    Intend,
    Newest,
    Note,
    NotSent,
    ReadSample,
    Rule,
    Steps,
    Unsure,
    ask,
)
from aggregator.filing.claim import Claim
from aggregator.reason import Reason
from node.filing import drive

CLAIM = Claim(
    repository="acme/shop",
    root="s1-0",
    nonce="n",
    node="node",
    login="bot",
    attempt=1,
    state="creating",
    floor=0,
    at=1.0,
)
KEY, FACT = FactKey("acme/shop", "s1-0"), Fact(Standing.PENDING, 1.0)


@dataclass
class FakeGitHub:
    answers: list[Any]
    asked: list[Call[Any]] = field(default_factory=list[Call[Any]])

    async def perform(self, call: Call[Any]) -> Any:
        self.asked.append(call)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class FakeMemory:
    heard: list[Any] = field(default_factory=list[Any])

    async def read_sample(self, samples: tuple[str, ...]) -> None:
        self.heard.append(samples)

    async def intend(self, claim: Claim) -> None:
        self.heard.append(claim)

    async def note(self, key: FactKey, fact: Fact) -> None:
        self.heard.append((key, fact))

    async def rule(self, kind: str, subject: str, value: Any) -> None:
        self.heard.append((kind, subject, value))


class FakeClock:
    def now(self) -> float:
        return 1.0

    def elapsed(self) -> float:
        return 42.0


async def test_each_call_reaches_who_carries_it_out() -> None:
    def procedure() -> Steps[tuple[float, Newest]]:
        yield from ask(Intend(CLAIM))
        yield from ask(ReadSample(("a", "b")))
        yield from ask(Note(KEY, FACT))
        yield from ask(Rule("mute", "s1-0", 1))
        elapsed = yield from ask(Elapsed())
        number = yield from ask(HighestNumber("acme/shop"))
        return elapsed, number

    github, memory = FakeGitHub([Newest(7)]), FakeMemory()
    assert await drive(procedure(), github, memory, FakeClock()) == (42.0, Newest(7))
    assert memory.heard == [CLAIM, ("a", "b"), (KEY, FACT), ("mute", "s1-0", 1)]
    assert github.asked == [HighestNumber("acme/shop")]


async def test_a_failure_is_thrown_where_the_procedure_stands() -> None:
    lost = Unsure(Reason.GITHUB_AWAY, "reset")

    def procedure() -> Steps[Any]:
        try:
            yield from ask(HighestNumber("acme/shop"))
        except Unsure as failure:
            number = yield from ask(HighestNumber("acme/shop"))
            return failure, number

    assert await drive(procedure(), FakeGitHub([lost, Newest(3)]), FakeMemory(), FakeClock()) == (lost, Newest(3))


async def test_a_failure_that_the_procedure_does_not_want_comes_out() -> None:
    def procedure() -> Steps[Newest]:
        return (yield from ask(HighestNumber("acme/shop")))

    away = FakeGitHub([NotSent(Reason.GITHUB_AWAY)])
    with pytest.raises(NotSent):
        await drive(procedure(), away, FakeMemory(), FakeClock())


async def test_a_cancelled_procedure_is_closed_where_it_stands() -> None:
    closed: list[bool] = []

    class Slow(FakeGitHub):
        async def perform(self, call: Call[Any]) -> Any:
            await trio.sleep_forever()

    def procedure() -> Steps[None]:
        try:
            yield from ask(HighestNumber("acme/shop"))
        finally:
            closed.append(True)

    with trio.move_on_after(0.01):
        await drive(procedure(), Slow([]), FakeMemory(), FakeClock())
    assert closed == [True]
