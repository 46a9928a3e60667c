"""The commands of README and docs do what they say. README's run in every test run, all others under `make slow`."""

import re
import tempfile
import tomllib
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

import pytest

from node.config import load
from tests.docs.commands import ELSEWHERE, PAGES, ROOT, Command, blocks, commands, elsewhere
from tests.docs.world import World
from tests.fleet.shop import eventually

README = ROOT / "README.md"
FAILS = "\n\ndef gather():\n    raise OSError('the feed is gone')\n\n\ngather()\n"
ENDS = {"aggregator exec -- ./backup.sh": 3, "aggregator doctor": None}  # with which status, where that is not 0
GIVEN = {  # before that page: files of an earlier tool
    ".ipfs_kit/auto_heal_config.json": '{"github_repo": "acme/shop"}',
    "workflow-auto-fix-config.yml": "auto_healing: {enabled: false, rate_limits: {max_issues_per_hour: 9}}",
}


def runnable(page: Path) -> list[Command]:
    return [each for each in commands(page) if not elsewhere(each.line)]


def fails(world: World, program: str) -> str:
    """Run a program that ends with an exception; what it printed."""
    (world.path / "crawler.py").write_text(program + FAILS)
    return world.run("python3 crawler.py", status=1)


@pytest.fixture
def worlds() -> Generator[tuple[World, World]]:
    """Two, near the root: sockets lie deep below a home, and the path of a socket is short."""
    with tempfile.TemporaryDirectory() as directory, ExitStack() as reserved:
        yield World(Path(directory) / "a", reserved), World(Path(directory) / "b", reserved)


def test_the_quick_start_of_the_readme_does_what_it_says(worlds: tuple[World, World]) -> None:
    first, second = worlds
    every = [each.line for each in runnable(README)]
    inside = [line for line in every if "invite" not in line and "join" not in line and line != "aggregator init"]
    first.run("aggregator init")
    with first.node():
        fails(first, blocks("python", README)[0])
        for line in inside:
            first.run(line, status=ENDS.get(line, 0))
        wanted = ("OSError: the feed is gone", "disk full", "ExitStatus")

        def told() -> bool:
            said = first.run("aggregator errors")
            return all(each in said for each in wanted)

        eventually(told, "all errors are told")  # what a program could not hand over in time comes by the spool
        second.names["INVITATION"] = first.run("aggregator invite").split()[0]
        second.run("aggregator join INVITATION")
        with second.node():
            eventually(lambda: first.run("aggregator peers").count("here") == 1, "both show in peers")
    assert {"aggregator init", "aggregator invite", "aggregator join INVITATION", *inside} == set(every)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Generator[World]:
    """A founded fleet of one, whose node knows two errors and can notify."""
    reserved = ExitStack()
    made = World(tmp_path_factory.mktemp("docs"), reserved)
    for name, text in GIVEN.items():
        (made.path / name).parent.mkdir(exist_ok=True)
        (made.path / name).write_text(text)
    made.environment["AGGREGATOR_NOTIFY_COMMAND"] = "/bin/cat"
    made.environment["IPFS_AUTO_PR"] = "false"
    made.run("aggregator init --name shop")
    with reserved, made.node():
        for message in ("one", "two"):
            made.run(f"aggregator report 'the {message} is gone'")
        known = eventually(lambda: re.findall(r"s1-[0-9a-f]{32}", made.run("aggregator errors --json")), "two errors")
        made.names["SIGNATURE"] = known[0]
        yield made


@pytest.mark.slow
@pytest.mark.parametrize("page", [each for each in PAGES if each != README], ids=lambda page: page.stem)
def test_the_commands_of_the_docs_run(world: World, page: Path) -> None:
    for command in runnable(page):
        if "init" in command.line or "join" in command.line:
            continue  # once per machine, which README's own were
        world.run(command, status=ENDS.get(command.line, 0))


def test_what_is_not_run_has_a_reason_and_still_stands_there() -> None:
    lines = [each.line for page in PAGES for each in commands(page)]
    assert len([line for line in lines if not elsewhere(line)]) > 25
    assert [start for start in ELSEWHERE if not any(line.startswith(start) for line in lines)] == []


def test_no_command_hides_from_being_run() -> None:
    """An indented block looks the same and would not be found."""
    for page in PAGES:
        assert re.findall(r"^    (?:aggregator|make|curl|echo) .*", page.read_text(), re.MULTILINE) == [], page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_settings_that_a_page_shows_are_settings(page: Path, tmp_path: Path) -> None:
    for number, text in enumerate(blocks("toml", page)):
        assert tomllib.loads(text)
        path = tmp_path / f"{number}.toml"
        path.write_text(text)
        load(path, {})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:\s]+)(?:#[\w-]+)?\)", page.read_text()):
        assert (page.parent / target).exists(), target
