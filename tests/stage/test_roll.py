"""The fleet as one node sees it: `peers`, `leader` and `ban`, over a real control socket."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import trio

from aggregator.arrivals import Terms
from aggregator.ban import seal
from aggregator.book import Book
from aggregator.election import RANKS, ranked
from aggregator.fleet import Fleet
from aggregator.fleetkey import Keys
from aggregator.ledger import Ledger
from aggregator.member import Member
from aggregator.message import Presence
from aggregator.moment import rfc3339
from aggregator.page import Origin
from aggregator.reason import Reason
from aggregator.roster import Roster
from node.cli import ban, leader, peers
from node.cli.verb import Verb
from node.control.done import Renewed
from node.control.peers import PeerRow
from node.control.server import serve
from node.control.view import Seal
from node.fleet import FleetError
from node.identity import verify, verify_key
from node.roll import Roll
from node.sockets import bind
from tests.pure.people import FLEET, GUEST, NOW, invitation, key, member
from tests.stage.desk import Desk
from tests.stage.run_cli import Ran
from tests.stage.view import FakeView, some_view

SHOP = "acme/shop"
ELAPSED = 1_000.0
NAMES = ("alice", "bob", "carol", "dave", "erin", "frank")
PEERS = {name: key(name).peer for name in NAMES}


class FixedClock:
    def now(self) -> float:
        return NOW

    def elapsed(self) -> float:
        return ELAPSED


class Link(NamedTuple):
    peer_id: str
    address: str = "/ip4/192.0.2.9/tcp/4001"
    direction: str = "out"
    last_seen: float = NOW - 1


class Standing(NamedTuple):
    order: list[str]
    reason: Reason | None = None


def some_member(name: str) -> Member:
    return member(name, by=invitation(uses=9))


@dataclass
class Situation:
    """A fleet from the point of view of alice; she may file for the shop unless `trouble` says otherwise."""

    links: list[Link] = field(default_factory=list[Link])
    compared: dict[str, float] = field(default_factory=dict[str, float])
    trouble: dict[str, str] = field(default_factory=dict[str, str])
    book: Book = field(default_factory=Book)
    fleet_key: bool = True
    renewed: list[Keys] = field(default_factory=list[Keys])

    def __post_init__(self) -> None:
        roster = Roster([FLEET.public], verify_key, verify)
        for name in NAMES:
            roster.put(some_member(name))
        terms = Terms(FLEET.public, 900, verify)
        self.fleet = Fleet(Origin(PEERS["alice"], "a" * 16), terms, roster, Ledger(), self.book, key("alice").sign)

    def hear(self, name: str, ago: float = 1.0, **says: object) -> None:
        said: dict[str, object] = {"run": "r", "at": NOW, "version": "1.2", "settled": True, "candidate": [SHOP]} | says
        self.fleet.peers.hear(PEERS[name], Presence(**said), ELAPSED - ago)  # pyright: ignore[reportArgumentType]

    def standing(self, repository: str) -> Standing:
        reason = Reason.NOT_ELECTED if self.trouble or repository.lower() != SHOP else None
        others = self.fleet.peers.candidates(repository, ELAPSED)
        return Standing(ranked(repository, others if reason else [PEERS["alice"], *others]), reason)

    @property
    def roll(self) -> Roll:
        return Roll(
            self.fleet,
            FixedClock(),
            lambda: self.links,
            lambda: self.compared,
            self.standing,
            lambda: [] if self.trouble else [SHOP],
            lambda: self.trouble,
            lambda: 2.0,
            list,
            self.renew,
            self.seal,
        )

    async def seal(self) -> Seal:
        if not self.fleet_key:
            raise FleetError("fleet.key: is not here")
        return lambda ruling: seal(ruling, FLEET.public, FLEET.sign)

    async def renew(self, keys: Keys) -> Renewed:
        self.renewed.append(keys)
        return Renewed(generation=2, until="", fleet_keys=1, told=[PEERS["bob"]], others=[])

    def row(self, name: str) -> PeerRow:
        return next(row for row in self.roll.peers() if row.peer == PEERS[name])


def test_a_neighbour_is_shown_with_its_link_its_lag_and_who_let_it_in() -> None:
    there = Situation([Link(PEERS["bob"])], {PEERS["bob"]: ELAPSED - 3})
    there.hear("bob", candidate=[])
    row = there.row("bob")
    assert (row.state, row.link, row.address, row.lag) == ("here", "out", "/ip4/192.0.2.9/tcp/4001", 3.0)
    assert (row.version, row.settled, row.reason) == ("1.2", True, "")
    assert row.invitation == GUEST.public.hex()
    assert row.joined == rfc3339(NOW)


def test_leaving_is_not_failing_and_silence_is_neither() -> None:
    there = Situation()
    there.hear("bob", leaving=True)
    there.hear("carol", ago=600)
    assert [there.row(name).state for name in ("alice", "bob", "carol", "dave")] == ["self", "left", "away", "unknown"]
    assert there.row("dave").last_seen == ""
    assert there.row("carol").lag is None


def test_this_node_comes_first_and_who_is_here_before_who_is_not() -> None:
    there = Situation([Link(PEERS["dave"])])
    there.hear("dave")
    there.hear("bob", ago=600)
    assert [row.peer for row in there.roll.peers()][:2] == [PEERS["alice"], PEERS["dave"]]


def test_a_stranger_that_is_connected_is_shown_as_one() -> None:
    there = Situation([Link(key("mallory").peer)])
    row = next(row for row in there.roll.peers() if row.peer == key("mallory").peer)
    assert (row.reason, row.invitation, row.state) == ("NOT_A_MEMBER", "", "unknown")


def test_the_leader_is_first_in_rank_and_each_further_rank_waits_longer() -> None:
    there = Situation()
    for name in NAMES[1:]:
        there.hear(name)
    (found,) = there.roll.leading()
    order = ranked(SHOP, PEERS.values())
    assert found.leader == order[0] == there.roll.leaders()[SHOP]
    assert [(r.peer, r.rank, r.wait, r.reason) for r in found.runners[:RANKS]] == [
        (peer, rank, 2.0 * rank, "") for rank, peer in enumerate(order[:RANKS])
    ]
    assert [(r.rank, r.reason) for r in found.runners[RANKS:]] == [(None, "NOT_ELECTED")] * (len(NAMES) - RANKS)
    assert found.reason == ""


def test_who_is_no_candidate_says_why() -> None:
    there = Situation(trouble={SHOP: "NO_TOKEN"})
    there.hear("bob", settled=False)
    there.hear("carol", candidate=[], refused={"Acme/Shop": "FORBIDDEN"})
    there.hear("dave", ago=600)
    there.hear("erin", candidate=[])
    there.hear("frank", leaving=True)
    (found,) = there.roll.leading()
    assert (found.leader, found.reason) == ("", "NO_TOKEN")
    assert {r.peer: r.reason for r in found.runners} == {
        PEERS["alice"]: "NO_TOKEN",
        PEERS["bob"]: "NOT_SETTLED",
        PEERS["carol"]: "FORBIDDEN",
        PEERS["dave"]: "away",
        PEERS["erin"]: "NO_ROUTE",
        PEERS["frank"]: "left",
    }


def test_a_repository_is_one_however_it_is_written() -> None:
    there = Situation()
    there.hear("bob", candidate=["ACME/Shop"])
    assert len(there.roll.leading()) == 1


@asynccontextmanager
async def node(tmp_path: Path, there: Situation | None) -> AsyncGenerator[tuple[Desk, FakeView]]:
    """A control socket with this fleet behind it."""
    view, desk = some_view(tmp_path), Desk(tmp_path)
    if there:
        view.fleet, view.known = there.roll, view.known._replace(book=there.book)
    bound = bind(desk.socket, trio.socket.SOCK_STREAM, 0o600)
    try:
        async with trio.open_nursery() as nursery:
            await nursery.start(serve, bound.socket, view)
            yield desk, view
            nursery.cancel_scope.cancel()
    finally:
        bound.close()


async def ask(desk: Desk, verb: Verb, as_json: bool = False, **given: object) -> Ran:
    return await trio.to_thread.run_sync(lambda: desk.do(verb, as_json=as_json, **given))


async def test_peers_and_leader_are_told_over_the_control_socket(tmp_path: Path) -> None:
    there = Situation([Link(PEERS["bob"])])
    there.hear("bob", refused={"acme/other": "FORBIDDEN"})
    async with node(tmp_path, there) as (desk, _):
        listed = (await ask(desk, peers.VERB, as_json=True)).json
        shown = (await ask(desk, peers.VERB)).out
        led = (await ask(desk, leader.VERB, as_json=True)).json
        explained = (await ask(desk, leader.VERB)).out
    assert [row["state"] for row in listed][:2] == ["self", "here"]
    assert "FILES FOR" in shown
    assert {each["repository"] for each in led} == {SHOP, "acme/other"}
    assert "the token may not do this" in explained
    assert "nobody files" in explained


async def test_a_peer_is_banned_by_its_end_and_all_of_an_invitation_by_its_beginning(tmp_path: Path) -> None:
    there, bob = Situation(), PEERS["bob"]
    second = member("bob", NOW + 1, invitation(guest=key("second")), key("second"))
    there.fleet.roster.put(second)
    async with node(tmp_path, there) as (desk, view):
        banned = (await ask(desk, ban.VERB, as_json=True, name=bob[-8:])).json
        assert (banned["subject"], banned["members"]) == (bob, [bob])
        assert there.fleet.why_not(bob) is Reason.BANNED
        lifted = (await ask(desk, ban.VERB, as_json=True, name=bob, lift=True)).json
        assert lifted["since"] == ""
        assert there.fleet.why_not(bob) is None
        by_key = (await ask(desk, ban.VERB, as_json=True, name=second.invitation.key.hex()[:10])).json
        assert (by_key["subject"], by_key["members"]) == (second.invitation.key.hex(), [bob])
        assert "rotate-key" in (await ask(desk, ban.VERB, name=bob)).out
    assert view.audit == ["ban", "unban", "ban", "ban"]


async def test_a_window_that_began_in_the_second_of_a_ban_began_before_it(tmp_path: Path) -> None:
    there, bob = Situation(), PEERS["bob"]
    async with node(tmp_path, there) as (desk, view):
        view.at = NOW + 0.6
        await ask(desk, ban.VERB, name=bob)
    assert there.fleet.roster.banned_from(bob, there.fleet.bans) == NOW + 1


async def test_a_ban_that_hits_nobody_several_or_oneself_is_refused(tmp_path: Path) -> None:
    async with node(tmp_path, Situation()) as (desk, view):
        for wrong in ("12D3KooW", "zzzzzz", PEERS["bob"][-3:]):
            ran = await ask(desk, ban.VERB, name=wrong)
            assert (ran.code, "names no member" in ran.err) == (1, True), wrong
        view.node = PEERS["alice"]
        for own in (PEERS["alice"], GUEST.public.hex()):
            assert "this node itself" in (await ask(desk, ban.VERB, name=own)).err
    assert view.audit == []


async def test_who_does_not_have_the_fleets_key_neither_bans_nor_lifts_a_ban(tmp_path: Path) -> None:
    there = Situation(fleet_key=False)
    async with node(tmp_path, there) as (desk, view):
        for lift in (False, True):
            ran = await ask(desk, ban.VERB, name=PEERS["bob"], lift=lift)
            assert (ran.code, "fleet.key: is not here" in ran.err) == (1, True)
    assert (view.audit, there.fleet.bans) == ([], {})


async def test_a_node_that_is_alone_says_so_and_leads_itself(tmp_path: Path) -> None:
    async with node(tmp_path, None) as (desk, view):
        view.candidates = [SHOP]
        for ran in (await ask(desk, peers.VERB), await ask(desk, ban.VERB, name=PEERS["bob"])):
            assert (ran.code, "aggregator init" in ran.err) == (1, True)
        (led,) = (await ask(desk, leader.VERB, as_json=True)).json
    assert (led["repository"], led["leader"], led["runners"][0]["rank"]) == (SHOP, "alice", 0)
