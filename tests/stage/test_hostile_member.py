"""What a member that means ill cannot do: hold up sync, fill the others' disks, or keep everybody waiting."""

from pathlib import Path

import msgspec
import trio
import trio.testing

from aggregator.book import Book, Fact, FactKey
from aggregator.book import Standing as Filed
from aggregator.election import LONGEST_WAIT
from aggregator.fleet import Fleet, Incoming, Terms
from aggregator.history import DAY
from aggregator.ledger import Ledger
from aggregator.page import Origin
from aggregator.presence import Settling
from aggregator.reason import Reason
from aggregator.record import ErrorRecord, encode
from aggregator.roster import Roster
from aggregator.sync import Compared
from node import samples as sampling
from node.election import Election
from node.samples import Keep, Samples
from node.store import Store, open_store
from node.store.samples import Sample, find
from node.sync import Sync

RUN = "r" * 16


class TrioClock:
    """Both clocks are trio's, so that `autojump_clock` moves them."""

    def now(self) -> float:
        return 100 * DAY + trio.current_time()

    def elapsed(self) -> float:
        return trio.current_time()


class Trusting(Fleet):
    """Everybody is a member."""

    def why_not(self, peer: str) -> Reason | None:
        return None


def believed(_who: object, _message: bytes, _signature: bytes) -> bool:
    return True


def fleet() -> Trusting:
    terms, roster = Terms(b"f" * 32, 900, believed), Roster([b"f"], believed, believed)
    return Trusting(Origin("me", RUN), terms, roster, Ledger(), Book(), lambda _: b"s")


async def test_a_neighbour_that_never_answers_keeps_nothing_from_the_others(
    autojump_clock: trio.testing.MockClock,
) -> None:
    answered = 0

    async def ask(peer: str, protocol: str, payload: bytes, deadline: float) -> bytes:
        nonlocal answered
        if peer == "slow":
            await trio.sleep(deadline - 0.1)
        else:
            answered += 1
        return msgspec.msgpack.encode(Compared(0))

    async def take(_incoming: Incoming) -> None: ...

    made = Sync(fleet(), ask, lambda: ["slow", "good"], take, TrioClock(), 900, lambda: None)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(made.run)
        await trio.sleep(30)
        nursery.cancel_scope.cancel()
    assert answered >= 10


def sample(peer: str = "bob", day: int = 100, name: str = "1", size: int = 10) -> Sample:
    record = encode(ErrorRecord(message="x" * size, type="E"))
    return Sample(Origin(peer, RUN), f"s1-{name}", day, 0, f"id{name}", record)


async def kept(store: Store, of: Samples, some: Sample, peer: str = "bob") -> bool:
    await of.handle(peer, msgspec.msgpack.encode(Keep(some)))
    return await store.read(lambda db: find(db, some.id)) is not None


async def nobody(*_: object) -> bytes:
    raise OSError("nobody is there")


async def test_only_its_own_samples_of_these_days_are_taken_from_a_neighbour(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        made = Samples(store, fleet(), nobody, list, TrioClock())
        today = int(TrioClock().now() // DAY)
        assert await kept(store, made, sample(day=today, name="1"))
        assert not await kept(store, made, sample(day=today, name="2"), peer="mallory")
        assert not await kept(store, made, sample(day=today + 1000, name="3"))
        assert made.counts["malformed"] == 2


async def test_one_neighbours_samples_cannot_fill_the_disk(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        made = Samples(store, fleet(), nobody, list, TrioClock())
        today = int(TrioClock().now() // DAY)
        size = sampling.SHARE_BYTES
        some = [sample(day=today, name=str(n), size=4_000) for n in range(3)]
        made._shares[today] = sampling.Counter(bob=size - 5_000)  # pyright: ignore[reportPrivateUsage]  # a day's worth
        assert [await kept(store, made, each) for each in some] == [True, False, False]
        assert made.counts["beyond_share"] == 2
        assert await kept(store, made, sample(peer="carol", day=today, name="c"), peer="carol")


async def test_a_first_one_that_is_never_done_holds_up_nobody_for_ever(autojump_clock: trio.testing.MockClock) -> None:
    some, clock = fleet(), TrioClock()
    settling = Settling(0.0)
    settling.pulled()
    election = Election(some, settling, clock, 2.0, lambda _: None)

    async def always_at_work() -> None:
        for n in range(10_000):
            election.entered([(FactKey("acme/app", str(n)), Fact(Filed.CLAIMED, 1.0))])
            await trio.sleep(1)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(always_at_work)
        with trio.fail_after(LONGEST_WAIT + 5):
            await election._silence("acme/app", clock.elapsed(), 2.0)  # pyright: ignore[reportPrivateUsage]  # at rank 1
        nursery.cancel_scope.cancel()
