"""What a member that means ill cannot do: hold up sync, fill the others' disks, or keep everybody waiting."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import msgspec
import trio
import trio.testing

from aggregator import sealed
from aggregator.arrivals import Incoming, Terms
from aggregator.book import Book, Fact, FactKey
from aggregator.book import Standing as Filed
from aggregator.election import LONGEST_WAIT
from aggregator.fleet import Fleet
from aggregator.history import DAY
from aggregator.ledger import Ledger
from aggregator.page import Origin
from aggregator.questions import Compared
from aggregator.reason import Reason
from aggregator.record import ErrorRecord, encode
from aggregator.roster import Roster
from aggregator.sealed import Sealed, owner, seal
from aggregator.settling import Settling
from node import samples as sampling
from node.election import Election
from node.samples import Get, Keep, Samples
from node.store import Store, open_store
from node.store.samples import Sample, find, put
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


def signer(peer: str) -> Callable[[bytes], bytes]:
    """Hashes in the place of signatures."""
    return lambda message: hashlib.sha256(peer.encode() + message).digest()


def verify(peer: str, message: bytes, signature: bytes) -> bool:
    return signer(peer)(message) == signature


def believed(_who: object, _message: bytes, _signature: bytes) -> bool:
    return True


def fleet() -> Trusting:
    terms, roster = Terms(b"f" * 32, 900, verify), Roster([b"f"], believed, believed)
    return Trusting(Origin("me", RUN), terms, roster, Ledger(), Book(), signer("me"))


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


def sample(peer: str = "bob", day: int = 100, name: str = "1", size: int = 10, of: str = "") -> Keep:
    """One that `peer` has signed, under a name that is its own, or that of another."""
    record = encode(ErrorRecord(message="x" * size, type="E"))
    bare = Sealed(peer, f"{name:0>16}{owner(of or peer)}", f"s1-{name}", record)
    return Keep(RUN, day, 0, seal(bare, b"f" * 32, signer(peer)))


async def kept(store: Store, of: Samples, some: Keep, peer: str = "bob") -> bool:
    await of.handle(peer, msgspec.msgpack.encode(some))
    return await store.read(lambda db: find(db, some.sealed.name)) is not None


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
        assert not await kept(store, made, sample("mallory", today, "4", of="bob"), peer="mallory")
        assert made.counts["forged"] == 1


async def test_one_neighbours_samples_cannot_fill_the_disk(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        made = Samples(store, fleet(), nobody, list, TrioClock())
        today = int(TrioClock().now() // DAY)
        size = sampling.SHARE_BYTES
        some = [sample(day=today, name=str(n), size=4_000) for n in range(3)]
        made._shares[today] = sampling.Counter(bob=size - 10_000)  # pyright: ignore[reportPrivateUsage]  # a day's worth
        assert [await kept(store, made, each) for each in some] == [True, False, False]
        assert made.counts["beyond_share"] == 2
        assert await kept(store, made, sample("carol", today, "c"), peer="carol")


async def test_nobody_answers_with_another_record_than_the_one_that_the_origin_named(tmp_path: Path) -> None:
    wanted = sample().sealed
    forged = msgspec.structs.replace(wanted, record=sample(size=11).sealed.record)
    mallorys = msgspec.structs.replace(sample("mallory").sealed, name=wanted.name)
    answers = [forged, mallorys, sample(name="2").sealed, sample("mallory", of="bob").sealed, wanted]

    async def ask(peer: str, *_: object) -> bytes:
        return msgspec.msgpack.encode(answers[int(peer)])

    async with open_store(tmp_path) as store:
        made = Samples(store, fleet(), ask, lambda: [str(n) for n in range(len(answers))], TrioClock())
        record = await made.read([wanted.name])
    assert record is not None
    assert record.message == "x" * 10
    assert record.context["sender"] == {"node": "bob"}
    assert made.counts["forged"] == 4


async def test_a_copy_is_handed_on_as_its_origin_signed_it_and_an_own_one_signed_now(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        alice = Samples(store, fleet(), nobody, list, TrioClock())
        given = sample(day=int(TrioClock().now() // DAY))
        assert await kept(store, alice, given)
        own = Sample(Origin("me", RUN), "s1-9", given.day, 0, "9" * 16 + owner("me"), given.sealed.record)
        await store.commit([put([own])])
        for name in (given.sealed.name, own.id):
            answer = await alice.handle("carol", msgspec.msgpack.encode(Get([name])))
            found = sealed.read(answer)
            assert found is not None
            assert fleet().holds(found)
            assert found.record == given.sealed.record


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
