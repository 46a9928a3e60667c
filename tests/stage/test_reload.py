"""What a reload takes over: settings, the token, and what a public repository is allowed. Against the stand-in."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import structlog

from aggregator.agenda import Knowledge
from aggregator.history import History
from aggregator.ledger import Ledger
from aggregator.reason import Reason
from node.book import open_book
from node.clock import SystemClock
from node.config import ConfigError, load
from node.outward import Outward, open_outward
from node.store import open_store
from tests.stage.github_world import SHOP, World, github_world

REVOKED = "ghp_" + "r" * 36


class Place:
    """A node's directory: its configuration, and a systemd credential that may come and go."""

    def __init__(self, directory: Path, world: World) -> None:
        self.config = directory / "config.toml"
        self.token = directory / "github-token"
        self.environment = {"PATH": "/nowhere", "CREDENTIALS_DIRECTORY": str(directory)}
        self._url = world.standin.url
        self.write()

    def write(self, filing: str = "", more: str = "") -> None:
        github = f'[github]\napi_url = "{self._url}"\nrepository = "{SHOP}"\nwrite_interval = 0\n'
        self.config.write_text(f"[filing]\nissues = true\n{filing}{github}{more}")


def half_written(path: Path) -> None:
    path.write_text(path.read_text()[:-3])


@asynccontextmanager
async def node(directory: Path, place: Place) -> AsyncGenerator[Outward]:
    async with open_store(directory / "state") as store:
        keeper = await open_book(store, "alice", SystemClock())
        known = Knowledge(Ledger(), History(), keeper.book)
        loaded = load(place.config, place.environment)
        yield await open_outward(loaded, place.environment, b"k" * 32, known, keeper, store, SystemClock(), "alice")


async def test_a_new_token_is_used_and_asked_whom_it_speaks_for(tmp_path: Path) -> None:
    async with github_world() as world:
        place = Place(tmp_path, world)
        place.token.write_text(REVOKED)
        async with node(tmp_path, place) as outward:
            assert await outward.terms.turn(SHOP, 0.0) is Reason.BAD_CREDENTIALS
            outward.terms.troubles[SHOP] = Reason.BAD_CREDENTIALS
            place.token.write_text(world.standin.token)
            reloaded = await outward.reload()
            assert (reloaded.changed, reloaded.exchanged, reloaded.token) == (
                [],
                True,
                "systemd credential github-token",
            )
            assert outward.terms.candidates() == [SHOP]
            assert await outward.terms.turn(SHOP, 0.0) == 0
            assert outward.terms.settings.login
            place.token.unlink()
            assert (await outward.reload()).token == ""
            assert await outward.terms.turn(SHOP, 0.0) is Reason.NO_TOKEN


async def test_the_same_token_keeps_its_client_with_what_github_said_to_it(tmp_path: Path) -> None:
    async with github_world() as world:
        place = Place(tmp_path, world)
        place.token.write_text(world.standin.token)
        async with node(tmp_path, place) as outward:
            before = outward.access.github
            assert (await outward.reload()).exchanged is False
            assert outward.access.github is before
            place.write(more="[bundle]\nthreshold = 9\n")
            assert (await outward.reload()).changed == ["bundle.threshold"]
            assert outward.access.github is before


async def test_a_public_repository_is_allowed_and_refused_again_without_a_restart(tmp_path: Path) -> None:
    async with github_world() as world:
        await world.control("PATCH", f"/repositories/{SHOP}", private=False)
        place = Place(tmp_path, world)
        place.token.write_text(world.standin.token)
        async with node(tmp_path, place) as outward:
            github = outward.access.github
            assert github
            assert await github.why_not(SHOP) is Reason.REPOSITORY_PUBLIC
            place.write(filing=f'public_repositories = ["{SHOP.upper()}"]\n')
            assert (await outward.reload()).restart == []
            assert await github.why_not(SHOP) is None
            place.write()
            await outward.reload()
            assert await github.why_not(SHOP) is Reason.REPOSITORY_PUBLIC


async def test_a_configuration_that_is_refused_leaves_everything_and_says_why_in_the_log(tmp_path: Path) -> None:
    async with github_world() as world:
        place = Place(tmp_path, world)
        place.token.write_text(world.standin.token)
        async with node(tmp_path, place) as outward:
            before, github = outward.terms.loaded, outward.access.github
            place.write(filing="regression = 7\n")
            place.token.write_text(REVOKED)
            with structlog.testing.capture_logs() as events, pytest.raises(ConfigError):
                await outward.reload()
            assert (outward.terms.loaded, outward.access.github) == (before, github)
    (told,) = [each for each in events if each["event"] == "the old configuration stays"]
    assert "filing.regression is 7" in told["reason"]


@pytest.mark.parametrize(("change", "words"), [(Path.unlink, "cannot be read"), (half_written, "not TOML")])
async def test_a_file_that_is_gone_or_half_written_leaves_everything(
    tmp_path: Path, change: Callable[[Path], object], words: str
) -> None:
    async with github_world() as world:
        place = Place(tmp_path, world)
        async with node(tmp_path, place) as outward:
            before = outward.terms.loaded
            change(place.config)
            with structlog.testing.capture_logs(), pytest.raises(ConfigError, match=words):
                await outward.reload()
            assert outward.terms.loaded is before
