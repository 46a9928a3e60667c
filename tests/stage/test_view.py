"""The node's own view on the control socket: real store, book and bundler; only GitHub is a function."""

import io
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import msgspec
import pytest
import structlog
import trio

from aggregator.agenda import Knowledge
from aggregator.filing.case import Outcome
from aggregator.filing.run import Run
from aggregator.filing.settings import Settings
from aggregator.history import History
from aggregator.ledger import Ledger
from aggregator.page import Page, PageKey, write_body
from aggregator.reason import Reason
from aggregator.record import encode
from aggregator.redact import redact_value
from node import markerkey
from node.access import Access
from node.book import open_book
from node.bundle import Bundler
from node.candidacy import Candidacy
from node.config import ConfigError, load
from node.control.changes import Decision
from node.control.client import Refused
from node.logs import configure
from node.loopdelay import LoopDelay
from node.outward import Memory, Outward
from node.store import open_store, samples
from node.store.samples import Sample
from node.terms import Terms
from node.view import NodeView
from node.voice import make_notifier
from tests.pure.factories import ALICE, name, tally
from tests.stage.kit import places_in
from tests.stage.test_control import serving
from tests.stage.view import NOW, RECORD, REPOSITORY, WINDOW


class Noon:
    """A clock that stands."""

    def now(self) -> float:
        return NOW

    def elapsed(self) -> float:
        return 0.0


class Bot:
    """Whom the token speaks for."""

    login = "bot"

    def __init__(self, source: str) -> None:
        self.source = source

    async def why_not(self) -> Reason | None:
        return None


async def file_all(job: Run, settings: Settings) -> list[Outcome]:
    """GitHub as a function: it takes everything."""
    return [Outcome(each.bundle.root, job.repository, "filed", Reason.CREATED, 41) for each in job.cases]


@asynccontextmanager
async def viewing(directory: Path, config: str, token_source: str = "GITHUB_TOKEN") -> AsyncGenerator[NodeView]:
    """A view over a store in `directory`, with one error that occurred five times."""
    path = directory / "config.toml"
    path.write_text(config)
    terms = Terms(load(path, {}), {}, "alice", b"k" * 32, Bot(token_source))
    async with open_store(directory / "state") as store:
        keeper = await open_book(store, "alice", Noon())
        known = Knowledge(Ledger(), History(), keeper.book)
        seen = [tally(1, 5, samples=("a-1",))]
        known.ledger.put(Page(PageKey(ALICE, WINDOW, 0), 1, write_body(seen)), seen)
        kept = Sample(ALICE, name(1), int(NOW // 86_400), 0, "a-1", encode(RECORD))
        await store.commit([samples.put([kept])])
        bundler, calls = Bundler(known, keeper, file_all, terms, Noon(), lambda: "n"), count(4, 3)
        bundler.calls = lambda: next(calls)
        counted = {"records": 5, "kept": 5, "refused_count": 2}
        access, candidacy = Access({"PATH": "/nowhere"}, Noon()), Candidacy(lambda: None, terms)
        outward = Outward(terms, bundler, Memory(keeper, store), access, candidacy)
        yield NodeView(
            "alice",
            known,
            keeper,
            outward,
            None,
            store,
            Noon(),
            lambda: counted,
            NOW - 5,
            places_in(directory),
            LoopDelay(),
            make_notifier(ALICE, 900, known, outward, None, store, Noon(), {}),
        )


ON = f'[filing]\nissues = true\n[github]\nrepository = "{REPOSITORY}"\n'


async def test_a_bundle_by_hand_files_and_says_what_it_did(tmp_path: Path):
    async with viewing(tmp_path, ON) as view, serving(view, tmp_path / "c.sock") as client:
        summary = await trio.to_thread.run_sync(lambda: client.bundle(dry_run=False))
        status = await trio.to_thread.run_sync(client.status)
    assert (summary.unique, summary.meeting_threshold, summary.created, summary.waiting) == (1, 1, 1, 0)
    assert status.bundle == summary
    assert summary.calls == 3
    assert (status.received, status.acknowledged, status.refused) == (7, 5, {"count": 2})
    assert status.filing.candidates == [REPOSITORY]


@pytest.mark.parametrize(
    ("config", "source", "reason"),
    [(f'[github]\nrepository = "{REPOSITORY}"\n', "GITHUB_TOKEN", "FILING_OFF"), (ON, "", "NO_TOKEN")],
)
async def test_what_may_not_be_filed_waits_with_its_reason(tmp_path: Path, config: str, source: str, reason: str):
    async with viewing(tmp_path, config, source) as view, serving(view, tmp_path / "c.sock") as client:
        summary = await trio.to_thread.run_sync(lambda: client.bundle(dry_run=False))
        (row,) = await trio.to_thread.run_sync(client.bundles)
    assert (summary.created, summary.waiting, summary.reason) == (0, 1, reason)
    assert row.reason == reason


async def test_the_log_of_a_bundle_has_the_numbers_of_its_summary_and_its_reasons_unredacted(tmp_path: Path):
    out = io.StringIO()
    with structlog.testing.capture_logs() as events:
        async with viewing(tmp_path, ON, "") as view:
            await view.bundle()
    (told,) = [each for each in events if each["event"] == "bundle"]
    assert (told["unique"], told["meeting_threshold"], told["created"], told["existing_checked"]) == (1, 1, 0, 0)
    configure("info", "text", Noon(), redact_value, out)
    structlog.get_logger().info(**told)
    assert 'outcomes="1 NO_TOKEN"' in out.getvalue()
    structlog.reset_defaults()


async def test_the_sample_is_read_from_the_store_and_shown(tmp_path: Path):
    async with viewing(tmp_path, ON) as view, serving(view, tmp_path / "c.sock") as client:
        detail = await trio.to_thread.run_sync(lambda: client.show(name(1)))
        plan = await trio.to_thread.run_sync(lambda: client.preview(name(1)))
    assert [each["message"] for each in detail.records] == [RECORD.message]
    assert "shop/orders.py" in plan.body


async def test_a_decision_survives_a_restart_and_stands_in_the_audit_log(tmp_path: Path):
    async with viewing(tmp_path, ON) as view, serving(view, tmp_path / "c.sock") as client:
        await trio.to_thread.run_sync(lambda: client.decide(Decision(action="mute", subject=name(1))))
    async with viewing(tmp_path, ON) as view, serving(view, tmp_path / "d.sock") as client:
        (row,) = await trio.to_thread.run_sync(client.errors)
        stats = await trio.to_thread.run_sync(client.stats)
    assert row.state == "muted"
    assert stats.actions == {"mute": 1}


async def test_a_reload_takes_the_new_values_and_names_what_needs_a_restart(tmp_path: Path):
    async with viewing(tmp_path, ON) as view, serving(view, tmp_path / "c.sock") as client:
        changed = ON + "[bundle]\nthreshold = 9\n[ingest]\nconnections = 7\n"
        (tmp_path / "config.toml").write_text(changed)
        again = await trio.to_thread.run_sync(client.reload)
        (row,) = await trio.to_thread.run_sync(client.errors)
        assert (again.changed, again.restart) == (["ingest.connections", "bundle.threshold"], ["ingest.connections"])
        assert (row.threshold, row.state) == (9, "new")
        (tmp_path / "config.toml").write_text("nonsense")
        with pytest.raises(Refused, match="not TOML"):
            await trio.to_thread.run_sync(client.reload)
        assert view.policy.threshold == 9


async def test_what_a_setting_or_a_ruling_makes_due_is_due_though_it_occurs_no_more(tmp_path: Path):
    strict = ON + "[bundle]\nthreshold = 9\n"
    async with viewing(tmp_path, strict) as view, serving(view, tmp_path / "c.sock") as client:
        assert (await view.bundle()).meeting_threshold == 0
        await trio.to_thread.run_sync(lambda: client.decide(Decision(action="mute", subject=name(1))))
        (tmp_path / "config.toml").write_text(ON)
        await view.reload()
        assert (await view.bundle()).meeting_threshold == 0
        await trio.to_thread.run_sync(lambda: client.decide(Decision(action="unmute", subject=name(1))))
        assert (await view.bundle()).created == 1


async def test_paused_filing_is_no_candidate_and_no_trouble(tmp_path: Path):
    async with viewing(tmp_path, ON.replace("issues = true", "issues = true\npaused = true")) as view:
        assert (view.health().candidates, view.health().trouble) == ([], {})
        assert await view.outward.terms.turn(REPOSITORY, 0.0) is Reason.FILING_OFF


async def test_a_sample_of_another_version_is_left_out(tmp_path: Path):
    async with viewing(tmp_path, ON) as view:
        odd = Sample(ALICE, name(1), int(NOW // 86_400), 1, "a-2", msgspec.msgpack.encode({"new": 1}))
        await view.store.commit([samples.put([odd])])
        assert len(await view.records(("a-1", "a-2", "a-3"), [name(1)])) == 1


def test_a_marker_key_is_made_once_and_kept(tmp_path: Path):
    path = tmp_path / markerkey.NAME
    key = markerkey.load_or_make(path)
    assert (len(key), path.stat().st_mode & 0o777) == (32, 0o600)
    assert markerkey.load_or_make(path) == key
    path.chmod(0o644)
    with pytest.raises(markerkey.MarkerKeyError, match="chmod 600"):
        markerkey.load_or_make(path)
    path.chmod(0o600)
    path.write_bytes(b"short")
    with pytest.raises(markerkey.MarkerKeyError, match="not a marker key"):
        markerkey.load_or_make(path)


def test_a_bad_configuration_keeps_the_old_terms(tmp_path: Path):
    path = tmp_path / "config.toml"
    path.write_text(ON)
    terms = Terms(load(path, {}), {}, "alice", b"k" * 32)
    path.write_text("[bundle]\nthreshold = 0\n")
    with pytest.raises(ConfigError, match="threshold"):
        terms.reload()
    assert terms.policy.threshold == 3
