"""Each thing that can be wrong with a machine: found, told from what is in order, and said how to mend."""

import os
import socket
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aggregator.filing.calls import NotSent
from aggregator.reason import Reason
from node import admission
from node.checkup import resting
from node.cli.doctor import away
from node.cli.verb import Cli
from node.config import Places, load
from node.control.client import Forbidden, Refused, Silent, Unreachable
from node.control.state import Finding
from node.doctor import Case, Company, TokenFacts, examine, machine
from node.doctor import client as programs
from node.doctor.github import again
from node.identity import load_or_make
from node.network import test_address as probe
from node.sockets import bind
from node.store.database import NAME, open_writer
from tests.stage.github_world import SHOP, World, github_world
from tests.stage.kit import NOW, FakeClock, places_in
from tests.stage.network_fleet import OTHER_PSK, PATIENCE, PSK, fleet_in, key_of
from tests.stage.powers import without_powers
from tests.stage.run_cli import Home
from tests.stage.test_control import serving
from tests.stage.view import some_view

PERSON = TokenFacts("environment variable GITHUB_TOKEN", "classic personal access token", person=True)
APP = TokenFacts("GitHub App key /k", "GitHub App key", person=False)
ROUTED = f'[filing]\nissues = true\n[github]\nrepository = "{SHOP}"\n'


def case(directory: Path, config: str = "", **more: Any) -> Case:
    """A machine that is in order, but for what is given."""
    path, places = directory / "config.toml", more.pop("places", places_in(directory))
    path.write_text(config)
    places.directory.mkdir(exist_ok=True)
    return Case(config=load(path, {}).config, places=places, user=os.getuid(), libraries=("1", "1"), **more)


def about(found: Sequence[Finding], check: str) -> list[Finding]:
    return [each for each in found if each.check == check]


def problems(found: Sequence[Finding]) -> list[Finding]:
    """What is wrong; each of them says what to do."""
    wrong = [each for each in found if each.state == "problem"]
    assert all(each.mend for each in wrong)
    return wrong


async def the_problem(subject: Case, check: str) -> Finding:
    """The one thing that is wrong."""
    (found,) = problems(await examine(subject))
    assert found.check == check
    return found


async def test_a_machine_in_order_has_no_problem(tmp_path: Path) -> None:
    assert problems(await examine(case(tmp_path))) == []


# The token and its repositories, against the stand-in.

Setup = Callable[[World], Awaitable[str]]


async def nothing(world: World) -> str:
    return world.standin.token


async def revoked(world: World) -> str:
    token = await world.token(login="fleet-bot")
    await world.control("DELETE", "/tokens", token=token)
    return token


async def a_stranger(world: World) -> str:
    return await world.token(login="nobody")


async def a_reader(world: World) -> str:
    return await world.token(login="nobody", permission="read")


def repository(**changes: bool) -> Setup:
    async def change(world: World) -> str:
        await world.control("PATCH", f"/repositories/{SHOP}", **changes)
        return world.standin.token

    return change


def granted(**levels: str) -> Setup:
    """A fine-grained token that may write everything but what is given."""

    async def grant(world: World) -> str:
        await world.person("open", title="somebody's issue")
        areas = dict.fromkeys(("issues", "contents", "pull_requests"), "write") | levels
        return await world.token(login="fleet-bot", kind="fine-grained", permissions=areas)

    return grant


@pytest.mark.parametrize(
    ("setup", "check", "words", "remedy"),
    [
        (revoked, "token", "Bad credentials", "make a new one"),
        (a_stranger, "repository", "does not exist, or the token cannot see it", "Metadata: read"),
        (a_reader, "permission", "may only read", "the role Write"),
        (repository(archived=True), "repository", "is archived", "unarchive"),
        (repository(has_issues=False), "repository", "has issues disabled", "switch issues on"),
        (repository(private=False), "repository", "is public, and was not allowed", "filing.public_repositories"),
        (repository(empty=True), "repository", "has no commit", "push a first commit"),
        (granted(issues="none"), "permission", "Issues: write is missing", "grant Issues: write"),
        (granted(issues="read"), "permission", "Issues: write is missing", "grant Issues: write"),
        (granted(contents="none"), "permission", "Contents: write is missing", "grant Contents: write"),
        (granted(contents="read"), "permission", "Contents: write is missing", "grant Contents: write"),
    ],
    ids=lambda value: getattr(value, "__qualname__", None),
)
async def test_what_is_wrong_with_token_or_repository_is_named(
    tmp_path: Path, setup: Setup, check: str, words: str, remedy: str
) -> None:
    async with github_world() as world:
        github = world.github(await setup(world))
        found = problems(await examine(case(tmp_path, ROUTED, token=PERSON, github=github)))
    assert {check} <= {each.check for each in found}
    told = next(each for each in found if each.check == check)
    assert words in told.found
    assert remedy in told.mend


@pytest.mark.parametrize("wanted", [True, False])
async def test_pull_requests_are_only_needed_where_they_are_switched_on(tmp_path: Path, wanted: bool) -> None:
    async with github_world() as world:
        github = world.github(await granted(pull_requests="read")(world))
        config = ROUTED.replace("[github]", f"pull_requests = {str(wanted).lower()}\n[github]")
        found = await examine(case(tmp_path, config, token=PERSON, github=github))
    told = next(each for each in found if "Pull requests: write is missing" in each.found)
    assert told.state == ("problem" if wanted else "ok")


@pytest.mark.parametrize("allowed", ["", f'public_repositories = ["{SHOP}"]\n'])
async def test_with_every_permission_nothing_is_wrong_and_nothing_was_made(tmp_path: Path, allowed: str) -> None:
    async with github_world() as world:
        await world.control("PATCH", f"/repositories/{SHOP}", private=not allowed)
        github = world.github(await granted()(world))
        before = await world.issues()
        config = ROUTED.replace("[github]", f"{allowed}[github]")
        found = await examine(case(tmp_path, config, token=PERSON, github=github))
        assert await world.issues() == before
    assert problems(found) == []
    assert [each.found.split(" is ")[0] for each in about(found, "permission")] == [
        *("Metadata: read", "Issues: write", "Contents: write", "Pull requests: write"),
    ]


async def test_no_token_is_a_problem_only_where_something_is_to_be_filed(tmp_path: Path) -> None:
    told = await the_problem(case(tmp_path, ROUTED), "token")
    assert "gh auth login" in told.mend
    assert problems(await examine(case(tmp_path))) == []


async def test_a_token_that_cannot_be_one_is_named_by_its_source(tmp_path: Path) -> None:
    trouble = "environment variable GITHUB_TOKEN: that cannot be a token"
    assert (await the_problem(case(tmp_path, token_trouble=trouble), "token")).found == trouble


async def test_the_coding_agent_takes_no_tasks_from_an_app(tmp_path: Path) -> None:
    agent = "[healing]\nassign_copilot = true\n"
    told = await the_problem(case(tmp_path, agent, token=APP), "token")
    assert "only from a person's token" in told.found
    assert problems(await examine(case(tmp_path, agent, token=PERSON))) == []


async def test_a_repository_where_the_coding_agent_is_off_is_named(tmp_path: Path) -> None:
    async with github_world() as world:
        config = ROUTED + "[healing]\nassign_copilot = true\n"
        assert problems(await examine(case(tmp_path, config, token=PERSON, github=world.github()))) == []
        await world.control("PATCH", f"/repositories/{SHOP}", copilot=False)
        await the_problem(case(tmp_path, config, token=PERSON, github=world.github()), "agent")


async def test_filing_without_any_repository_is_a_problem(tmp_path: Path) -> None:
    told = await the_problem(case(tmp_path, "[filing]\nissues = true\n", token=PERSON), "repository")
    assert "--github-repo" in told.mend


async def test_github_that_does_not_answer_is_unknown_and_no_problem(tmp_path: Path) -> None:
    async with github_world() as world:
        await world.fault("FLT-02", times=1000)
        found = await examine(case(tmp_path, ROUTED, token=PERSON, github=world.github()))
    assert problems(found) == []
    assert {each.state for each in found if each.check in ("token", "repository", "clock")} == {"unknown"}


# The clock, and the other nodes.


@pytest.mark.parametrize(("seconds", "wrong"), [(0, False), (300, True), (-300, True)])
async def test_a_wrong_clock_is_seen_by_githubs(tmp_path: Path, seconds: int, wrong: bool) -> None:
    async with github_world() as world:
        await world.control("POST", "/clock", advance=seconds)
        found = about(await examine(case(tmp_path, ROUTED, token=PERSON, github=world.github())), "clock")
    assert [each.state for each in found] == ["problem" if wrong else "ok"]
    if wrong:
        assert ("behind" if seconds > 0 else "ahead") in found[0].found


async def answers(_address: str) -> str | None:
    return None


async def other_key(address: str) -> str | None:
    return f"{address}: something answers there, but not as a node of this fleet"


def company(**more: Any) -> Company:
    plain: dict[str, Any] = {"name": "shop", "addresses": [], "test": answers, "neighbours": ["bob"], "others": 2}
    return Company(**plain | more)


async def test_a_wrong_clock_is_seen_by_most_of_the_other_nodes(tmp_path: Path) -> None:
    told = await the_problem(case(tmp_path, company=company(clocks=[-400.0, -390.0, 0.0])), "clock")
    assert "390 s behind" in told.found
    assert problems(await examine(case(tmp_path, company=company(clocks=[0.1, 9000.0, 0.0])))) == []


@pytest.mark.parametrize(
    "lonely",
    [
        {"neighbours": [], "others": 2},
        {"neighbours": [], "addresses": ["/ip4/192.0.2.1/tcp/4001/p2p/bob"], "test": other_key},
        {"neighbours": None, "addresses": ["/ip4/192.0.2.1/tcp/4001/p2p/bob"], "test": other_key},
    ],
)
async def test_no_other_node_is_a_problem_that_may_be_a_wrong_network_key(
    tmp_path: Path, lonely: dict[str, Any]
) -> None:
    told = await the_problem(case(tmp_path, company=company(**lonely)), "peers")
    assert "network key" in told.mend or not lonely.get("addresses")


async def test_a_wrong_network_key_and_a_dead_node_are_found_by_trying_and_the_right_key_is_in_order(
    tmp_path: Path,
) -> None:
    async with fleet_in(tmp_path / "fleet") as fleet:
        alice = await fleet.start("alice")
        dead = f"/ip4/127.0.0.1/tcp/9/p2p/{alice.peer_id}"

        def lonely(psk: str, address: str) -> Case:
            async def test(address: str) -> str | None:
                return await probe(address, psk, key_of("carol"), PATIENCE if psk == PSK else 4)

            return case(tmp_path, company=company(neighbours=None, addresses=[address], test=test))

        wrong = await the_problem(lonely(OTHER_PSK, alice.addresses[0]), "peers")
        assert "private network key" in wrong.found
        assert "join again" in wrong.mend
        gone = await the_problem(lonely(PSK, dead), "peers")
        assert "nothing listens" in gone.found
        assert "start it" in gone.mend
        assert problems(await examine(lonely(PSK, alice.addresses[0]))) == []


def altered(path: Path, **changes: Any) -> None:
    path.write_bytes(msgspec.json.encode(msgspec.json.decode(path.read_bytes()) | changes))


@pytest.mark.parametrize(
    ("damage", "name", "found"),
    [
        ("network key", "fleet.json", "a network key in it was not made with this fleet's key"),
        ("membership", "fleet.json", "cannot be used (is a member of another fleet)"),
        ("json", "fleet.json", "is damaged"),
        ("mode", "fleet.json", "others can read the fleet's keys (mode 0644)"),
        ("marker", "marker.key", "is gone"),
        ("key", "key", "not a key of this program"),
    ],
)
async def test_a_fleet_file_that_cannot_be_used_is_told_with_place_and_remedy(
    tmp_path: Path, damage: str, name: str, found: str
) -> None:
    path, own = tmp_path / "fleet.json", load_or_make(tmp_path / "key")
    made = admission.found(tmp_path, own, "shop", 900, NOW)
    match damage:
        case "network key":
            (key,) = made.network_keys
            altered(path, network_keys=[msgspec.structs.replace(key, signature=bytes(64))])
        case "membership":
            altered(path, id=bytes(32))
        case "json":
            path.write_text("{")
        case "mode":
            path.chmod(0o644)
        case "marker":
            (tmp_path / "marker.key").unlink()
        case _:
            (tmp_path / "key").write_bytes(b"x")
    (tmp_path / "config.toml").write_text(f'[node]\ndirectory = "{tmp_path}"\n')
    (told,) = about(await resting(load(tmp_path / "config.toml", {}), {}, FakeClock(), offline=True), "peers")
    assert told.about == str(tmp_path / name)
    assert found in told.found
    assert told.mend.split(" ")[0] in ("restore", "chmod", "copy")


@pytest.mark.parametrize("alone", [{"neighbours": [], "others": 0}, {"neighbours": None, "addresses": ["/x"]}, {}])
async def test_who_is_first_or_has_neighbours_has_no_problem(tmp_path: Path, alone: dict[str, Any]) -> None:
    assert problems(await examine(case(tmp_path, company=company(**alone)))) == []


async def test_another_libp2p_than_the_pinned_one_is_a_problem(tmp_path: Path) -> None:
    fleet = case(tmp_path, company=company())
    assert "pip install libp2p==2" in (await the_problem(replace(fleet, libraries=("1", "2")), "libp2p")).mend
    assert "not installed" in (await the_problem(replace(fleet, libraries=("", "2")), "libp2p")).found


async def test_a_service_without_a_route_is_named(tmp_path: Path) -> None:
    config = f'[filing]\nissues = true\n[github.routes]\nshop = "{SHOP}"\n'
    told = problems(await examine(case(tmp_path, config, token=PERSON, services=["shop", "db"])))
    assert [(each.check, each.about) for each in told] == [("route", "db")]
    assert problems(await examine(case(tmp_path, ROUTED, token=PERSON, services=["shop", "db"]))) == []


# Directories and sockets.


async def test_a_full_directory_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "room_in", lambda path: 1024)  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    assert "make room" in (await the_problem(case(tmp_path), "directory")).mend


def damaged(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(4 * 4096)
        file.write(b"\xd5" * 4096 * 4)


def newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE version SET number = 99")
        connection.commit()


def emptied(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize(
    ("change", "words", "remedy"),
    [
        (damaged, "", "restore a backup"),
        (newer, "version 99", "upgrade this node"),
        (emptied, "no such table", "move it away"),
    ],
)
async def test_a_database_that_no_node_can_use_is_a_problem_before_the_node_starts(
    tmp_path: Path, change: Callable[[Path], None], words: str, remedy: str
) -> None:
    subject = case(tmp_path)
    path = subject.places.directory / NAME
    open_writer(path).close()
    assert [each.state for each in about(await examine(subject), "database")] == ["ok"]
    change(path)
    before = path.read_bytes()
    told = await the_problem(subject, "database")
    assert words in told.found
    assert remedy in told.mend
    assert ([each.name for each in path.parent.iterdir()], path.read_bytes()) == ([NAME], before)


async def doctor(home: Home, *more: str) -> list[dict[str, Any]]:
    """What the command finds that has no power over owners and modes, and no node."""
    ran = await home.run("doctor", "--offline", "--json", *more, wrap=without_powers)
    assert ran.code == int(any(each["state"] == "problem" for each in ran.json)), ran.err
    return ran.json


def of(found: Sequence[dict[str, Any]], check: str) -> list[str]:
    return [each["state"] for each in found if each["check"] == check]


async def test_a_directory_that_cannot_be_written_or_made_is_a_problem(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.config.write_text("")
    home.state.mkdir()
    assert of(await doctor(home), "directory") == ["ok"]
    home.state.chmod(0o500)
    assert of(await doctor(home), "directory") == ["problem"]
    home.state.chmod(0o700)
    home.state.rmdir()
    os.chmod(tmp_path, 0o500)
    assert of(await doctor(home), "directory") == ["problem"]
    os.chmod(tmp_path, 0o700)


async def test_files_that_the_nodes_user_may_not_use_are_problems_each_with_its_remedy(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.config.write_text("")
    home.state.mkdir()
    modes = {NAME: 0o400, "lock": 0, "key": 0, "marker.key": 0o400, ".leftover": 0, "state.db.v1.backup": 0}
    for name, mode in modes.items():
        (home.state / name).touch()
        (home.state / name).chmod(mode)
    found = {Path(each["about"]).name: each for each in await doctor(home) if each["check"] == "file"}
    assert {name: each["found"].partition(" cannot ")[2] for name, each in found.items()} == {
        "lock": "read or write it",
        "key": "read it",
        NAME: "write it",
    }
    assert all(each["mend"] == f"chmod 600 {each['about']}" for each in found.values())


async def test_a_file_of_another_user_is_named_with_its_owner_and_how_to_give_it_back(tmp_path: Path) -> None:
    subject, other = case(tmp_path), 3_999_999  # whom no machine knows by name
    lock = subject.places.directory / "lock"
    lock.touch(mode=0o600)
    assert [each.state for each in about(await examine(subject), "file")] == ["ok"]
    (told,) = about(await examine(replace(subject, user=other)), "file")
    assert (told.about, told.state) == (str(lock), "problem")
    assert told.found.endswith(f", mode 0600: the node (user {other}) cannot read or write it")
    assert f"chown {other} {lock}" in told.mend
    lock.chmod(0o666)
    assert [each.state for each in about(await examine(replace(subject, user=other)), "file")] == ["ok"]


async def test_a_client_that_may_not_use_its_socket_is_told_which_group_it_needs(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.config.write_text("")
    async with serving(some_view(tmp_path), home.socket):
        bound = bind(home.ingest, socket.SOCK_STREAM, 0o660)
        assert of(await doctor(home), "client") == ["ok"]
        home.ingest.chmod(0)
        told = next(each for each in await doctor(home) if each["check"] == "client")
        bound.close()
    assert told["state"] == "problem"
    assert "usermod -aG" in told["mend"]


@pytest.mark.parametrize(
    ("mode", "wrong"),
    [(0o1733, False), (0o3733, False), (0o700, False), (0o777, True), (0o733, True), (0o1777, True), (0o755, True)],
)
async def test_a_spool_that_others_see_or_empty_is_a_problem(tmp_path: Path, mode: int, wrong: bool) -> None:
    subject = case(tmp_path)
    (spool,) = subject.places.spools
    spool.mkdir()
    spool.chmod(mode)
    assert [each.state for each in about(await examine(subject), "spool")] == ["problem" if wrong else "ok"]


async def test_a_shared_spool_whose_files_the_node_may_not_read_is_a_problem(tmp_path: Path) -> None:
    subject = replace(case(tmp_path), user=os.getuid() + 1)
    (spool,) = subject.places.spools
    spool.mkdir()
    spool.chmod(0o1733)
    problem = await the_problem(subject, "spool")
    assert "cannot read what other users leave there" in problem.found
    assert "chmod 3733" in problem.mend


async def test_a_spool_that_the_node_cannot_read_or_that_is_none_is_a_problem(tmp_path: Path) -> None:
    subject = case(tmp_path)
    (spool,) = subject.places.spools
    spool.mkdir(mode=0o700)
    assert "cannot read it" in (await the_problem(replace(subject, user=os.getuid() + 1), "spool")).found
    spool.rmdir()
    spool.symlink_to(tmp_path)
    assert "no directory" in (await the_problem(subject, "spool")).found


async def sockets_of(places: Places, config: str, directory: Path) -> list[Finding]:
    subject = case(directory, config, places=places, running=True, services=[])
    return problems(about(await examine(subject), "socket"))


async def test_a_socket_that_systemd_made_is_mended_at_its_unit(tmp_path: Path) -> None:
    places = places_in(tmp_path)
    bound = [bind(path, socket.SOCK_STREAM, 0o640) for path in (places.ingest, places.datagram, places.control)]
    passed = replace(places, passed=frozenset({"ingest", "datagram"}))
    told = {each.about: each.mend for each in await sockets_of(passed, "", tmp_path)}
    assert "systemctl edit error-aggregator.socket`" in told[str(places.ingest)]
    assert "systemctl edit error-aggregator-datagram.socket`" in told[str(places.datagram)]
    assert told[str(places.control)].startswith("restart the node")
    told = {each.about: each.mend for each in await sockets_of(places, "", tmp_path)}
    assert all("systemctl" not in mend and mend.startswith("restart the node") for mend in told.values())
    for each in bound:
        each.close()


async def test_a_socket_with_another_mode_group_or_kind_is_a_problem(tmp_path: Path) -> None:
    places = places_in(tmp_path)
    modes = ((places.ingest, 0o660), (places.datagram, 0o660), (places.control, 0o600))
    bound = [bind(path, socket.SOCK_STREAM, mode) for path, mode in modes]
    assert await sockets_of(places, "", tmp_path) == []
    for path, mode in modes:
        path.chmod(0o666)
        assert [each.about for each in await sockets_of(places, "", tmp_path)] == [str(path)]
        path.chmod(mode)
    told = await sockets_of(places, '[ingest]\ngroup = "nogroup"\n', tmp_path)
    assert {each.about for each in told if "it should be nogroup" in each.found} == {
        *(str(places.ingest), str(places.datagram)),
    }
    os.chmod(tmp_path, 0o777)
    assert "anybody can replace" in (await sockets_of(places, "", tmp_path))[0].found
    os.chmod(tmp_path, 0o700)
    told = await sockets_of(places, '[ingest]\nsocket_mode = "0666"\n', tmp_path)
    assert any("cannot get through" in each.found and each.about == str(tmp_path) for each in told)
    for each in bound:
        each.close()
    assert {each.found.split(" (")[0] for each in await sockets_of(places, "", tmp_path)} == {
        "is gone though the node runs"
    }
    places.control.write_text("")
    assert "is a file" in (await sockets_of(places, "", tmp_path))[-1].found


# Programs of a user.


def test_programs_that_look_elsewhere_are_told_where_the_node_is(tmp_path: Path) -> None:
    told = programs.reporting({"AGGREGATOR_SOCKET": str(tmp_path / "other.sock")}, tmp_path / "here.sock", running=True)
    assert (told.state, f"AGGREGATOR_SOCKET={tmp_path}/here.sock" in told.mend) == ("problem", True)
    resting = programs.reporting({"AGGREGATOR_SOCKET": str(tmp_path / "a.sock")}, tmp_path / "a.sock", running=False)
    assert resting.state == "unknown"
    dead = programs.reporting({"AGGREGATOR_SOCKET": str(tmp_path / "a.sock")}, tmp_path / "a.sock", running=True)
    assert (dead.state, dead.mend) == ("problem", "restart the node")


def test_records_that_wait_where_the_node_does_not_look_are_a_problem(tmp_path: Path) -> None:
    own = {"AGGREGATOR_SPOOL": str(tmp_path / "mine")}
    assert programs.waiting(own, [str(tmp_path / "mine")]).state == "ok"
    assert programs.waiting(own, []).state == "ok"
    assert "ingest.spool" in programs.waiting(own, ["/var/spool/error-aggregator"]).mend
    assert programs.waiting(own | {"AGGREGATOR_ON_ABSENT": "drop"}, ["/elsewhere"]).state == "ok"


# The command.


async def test_with_a_node_its_own_findings_are_shown_and_without_one_it_says_so(tmp_path: Path) -> None:
    home = Home(tmp_path)
    async with serving(some_view(tmp_path), home.socket):
        online = (await home.run("doctor", "--json")).json
        offline = (await home.run("doctor", "--offline", "--json")).json
    assert [each["state"] for each in online if each["found"] == "as told"] == ["ok"]
    assert [each["state"] for each in offline if each["found"] == "as told"] == ["unknown"]
    alone = await home.run("doctor", "--offline")
    assert f"unknown   node {home.socket}: none runs here" in alone.out
    home.socket.touch()
    dead = await home.run("doctor", "--offline", "--json")
    assert (dead.code, of(dead.json, "node")) == (1, ["problem"])


@pytest.mark.parametrize(
    ("error", "state", "found", "mend"),
    [
        (Unreachable("S", "no node answers there"), "unknown", "none runs here", "start it"),
        (
            Forbidden("S", "this user may not", "run this as x"),
            "unknown",
            "this user may not",
            "sudo aggregator doctor",
        ),
        (Silent("S", "no answer within 9 s", "see its log"), "problem", "S: no answer within 9 s", "see its log"),
        (Refused("the disk is full"), "problem", "it runs, and cannot examine itself: the disk is full", "see its log"),
    ],
)
def test_a_node_that_does_not_examine_itself_is_told_with_the_remedy_that_fits(
    tmp_path: Path, error: Unreachable | Refused, state: str, found: str, mend: str
) -> None:
    told = away(Cli(socket=tmp_path / "c.sock", environment={}), error)
    assert told.state == state
    assert told.found.startswith(found)
    assert mend in told.mend
    assert told.mend.startswith("start it") == (type(error) is Unreachable)


async def test_github_away_is_told_with_the_address_that_is_to_be_reached(tmp_path: Path) -> None:
    async with github_world() as world:
        await world.fault("FLT-02", times=1000)
        found = await examine(case(tmp_path, ROUTED, token=PERSON, github=world.github()))
    for check in ("token", "repository", "clock"):
        assert "reaches https://api.github.com" in about(found, check)[0].mend


def test_a_limit_of_githubs_is_told_with_the_time_until_it_ends(tmp_path: Path) -> None:
    assert again(case(tmp_path), NotSent(Reason.RATE_LIMITED, "", 90)).startswith("ask again in 90 s")


async def test_a_configuration_that_is_refused_is_a_problem_with_its_line(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.config.write_text("[bundle]\nthreshold = 0\n")
    ran = await home.run("doctor")
    assert ran.code == 1
    assert "config.toml:2: bundle.threshold is 0" in ran.out
    assert "1 problem found" in ran.out


# Who is notified.


async def test_a_command_that_cannot_be_run_is_found(tmp_path: Path) -> None:
    program = tmp_path / "page"
    gone = await the_problem(case(tmp_path, f'[notify]\ncommand = ["{program}", "x"]'), "notify")
    assert gone.about == str(program)
    program.write_text("#!/bin/sh\n")
    found = await the_problem(case(tmp_path, f'[notify]\ncommand = ["{program}"]'), "notify")
    assert found.mend == f"chmod a+x {program}"
    program.chmod(0o755)
    assert problems(await examine(case(tmp_path, f'[notify]\ncommand = ["{program}"]'))) == []


async def test_a_webhook_without_https_is_found(tmp_path: Path) -> None:
    found = await the_problem(case(tmp_path, webhook_trouble="it holds no https address"), "notify")
    assert (found.about, "https" in found.mend) == ("webhook", True)


async def test_a_webhook_in_a_file_that_others_can_read_is_found(tmp_path: Path) -> None:
    config, file = '[notify]\nwebhook = "https://example.org/x"', tmp_path / "config.toml"
    subject = case(tmp_path, config, webhook_file=file)
    file.chmod(0o644)
    assert (await the_problem(subject, "notify")).mend.startswith(f"chmod 600 {file}")
    file.chmod(0o600)
    assert problems(await examine(subject)) == []
