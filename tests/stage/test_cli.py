"""The command line as real processes against a real control socket: what it prints, its JSON, its exit codes."""

import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
import trio

from aggregator.tally import Tally
from node.cli.app import CONFIG, VERBS
from node.cli.verb import Verb
from tests.pure.factories import name, tally
from tests.stage.run_cli import Home
from tests.stage.test_control import serving
from tests.stage.view import REPOSITORY, FakeView, some_view

ERROR_KEYS = {
    *("signature", "root", "title", "count", "total", "nodes", "services", "releases", "first_seen", "last_seen"),
    *("severity", "threshold", "state", "reason", "issue", "kept_by"),
}
STATUS_KEYS = {
    *(
        "node",
        "version",
        "started",
        "peers",
        "settled",
        "leader",
        "received",
        "acknowledged",
        "refused",
        "gossip",
        "told_to_wait",
        "warnings",
        "storage",
    ),
    *("filing", "bundle", "enabled", "configured", "repository", "github_token", "auto_create_issues"),
    *("max_log_lines", "issue_labels", "config_files"),
}
READING = ("status", "errors", "bundles", "issues", "stats")


@asynccontextmanager
async def node(tmp_path: Path, *more: Tally) -> AsyncGenerator[tuple[Home, FakeView]]:
    """A control socket with four errors behind it."""
    view, home = some_view(tmp_path), Home(tmp_path)
    view.saw(*more, number=1)
    async with serving(view, home.socket):
        yield home, view


async def test_reading_verbs_print_tables_without_colour_in_a_pipe(tmp_path: Path):
    async with node(tmp_path) as (home, _):
        for verb in READING:
            ran = await home.run(verb)
            assert (ran.code, ran.err) == (0, ""), verb
            assert "\x1b" not in ran.out
            assert ran.out.strip()


async def test_status_has_the_fields_that_are_promised(tmp_path: Path):
    async with node(tmp_path) as (home, _):
        text = (await home.run("status")).out
        plain = (await home.run("status", "--json")).json
    for field in ("Enabled", "Configured", "Repository", "GitHub Token", "Auto-create issues", "Max log lines"):
        assert f"{field}  " in text
    assert "Issue labels" in text
    assert plain.keys() == STATUS_KEYS
    assert plain["github_token"] == {"present": True, "source": "GITHUB_TOKEN"}
    assert plain["filing"]["pending"] == 1


async def test_errors_as_json_have_a_stable_schema(tmp_path: Path):
    async with node(tmp_path) as (home, _):
        rows = (await home.run("errors", "--json")).json
    assert [row["state"] for row in rows] == ["due", "filed", "muted", "new"]
    assert all(row.keys() == ERROR_KEYS for row in rows)
    assert rows[0]["first_seen"].endswith("Z")
    assert rows[1]["issue"] == {"repository": REPOSITORY, "number": 12, "url": "https://github.com/acme/shop/issues/12"}
    assert rows[0]["issue"] is None


async def test_errors_can_be_narrowed_down(tmp_path: Path):
    async with node(tmp_path) as (home, _):
        muted = (await home.run("errors", "--json", "--state", "muted")).json
        shop = (await home.run("errors", "--json", "--service", "shop")).json
        wrong = await home.run("errors", "--state", "open")
    assert [row["signature"] for row in muted] == [name(4)]
    assert [row["signature"] for row in shop] == [name(1)]
    assert wrong.code == 2
    assert "expected one of new, due" in wrong.err


async def test_what_a_peer_wrote_into_a_title_moves_no_cursor(tmp_path: Path):
    evil = tally(5, 9, title="E: \x1b[31m[red]bold\u202e")
    async with node(tmp_path, evil) as (home, _):
        ran = await home.run("errors")
    assert "\x1b" not in ran.out
    assert "\u202e" not in ran.out
    assert "[red]bold" in ran.out


async def test_show_and_preview_tell_of_one_error(tmp_path: Path):
    async with node(tmp_path) as (home, _):
        shown = await home.run("show", name(2))
        plain = (await home.run("show", name(2), "--json")).json
        preview = await home.run("preview", name(2))
        planned = (await home.run("preview", name(2), "--json")).json
        missing = await home.run("show", "s1-ffff")
    assert "shop/orders.py" in shown.out
    assert "due: occurred often enough" in shown.out
    assert plain["errors"][0]["count"] == 5
    assert "Would" in preview.out
    assert planned["body"].startswith("<!-- error-aggregator:1 ")
    assert missing.code == 1
    assert "names no error" in missing.err


async def test_an_empty_name_is_no_name(tmp_path: Path):
    async with node(tmp_path) as (home, _):
        answer = await home.run("show", "")
    assert (answer.code, answer.out) == (1, "")
    assert "nothing of that name" in answer.err


async def test_a_bundle_runs_now_or_dry(tmp_path: Path):
    async with node(tmp_path) as (home, view):
        dry = (await home.run("bundle", "--dry-run", "--json")).json
        assert view.last is None
        now = (await home.run("bundle", "--now", "--json")).json
        neither = await home.run("bundle")
    assert [plan["root"] for plan in dry["planned"]] == [name(2)]
    assert (now["unique"], now["meeting_threshold"], now["created"], now["existing_checked"]) == (2, 1, 1, 4)
    assert neither.code == 2


async def test_decisions_reach_the_book(tmp_path: Path):
    async with node(tmp_path) as (home, view):
        for arguments in (
            ("mute", name(1), "--until-rate", "5"),
            ("unmute", name(4)),
            ("forget", name(2)),
            ("refile", name(3)),
            ("merge", name(1), name(2)),
            ("split", name(1)),
        ):
            ran = await home.run(*arguments)
            assert (ran.code, ran.err) == (0, ""), arguments
        both = await home.run("mute", name(1), "--until-rate", "5", "--until-release", "2")
    assert view.audit == ["mute", "unmute", "forget", "refile", "merge", "split"]
    assert both.code == 2


async def test_without_a_node_every_asking_verb_exits_with_three_and_says_what_to_do(tmp_path: Path):
    home = Home(tmp_path)
    home.config.write_text("")
    codes: dict[str, int] = {}

    async def ask(*arguments: str) -> None:
        ran = await home.run(*arguments)
        codes[arguments[0]] = ran.code
        assert "aggregator node" in ran.err
        assert ".sock" in ran.err

    async with trio.open_nursery() as nursery:
        for verb in READING:
            nursery.start_soon(ask, verb)
        nursery.start_soon(ask, "show", "s1-0000")
        nursery.start_soon(ask, "bundle", "--now")
        nursery.start_soon(ask, "mute", "s1-0000")
        nursery.start_soon(ask, "report", "disk full")
    assert set(codes.values()) == {3}


async def test_enable_stores_the_repository_and_never_the_token(tmp_path: Path):
    token = "ghp_" + "a1B2" * 9
    async with node(tmp_path) as (home, view):
        home.config.write_text("# mine\n[github]\nrepository = 'old/one'  # where\n")
        ran = await home.run("enable", "--github-repo", "acme/shop", "--github-token", token)
        assert ran.code == 0
        assert "was not stored" in ran.out
        assert "LoadCredential" in ran.out
        assert view.loaded.config.filing.issues
        assert view.loaded.config.github.repository == "acme/shop"
    assert view.reloads == 1
    text = home.config.read_text()
    assert "# mine" in text
    assert not files_with(token, tmp_path)


def files_with(text: str, directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file() and text in path.read_text(errors="replace")]


async def test_disable_then_enable_restores_every_value(tmp_path: Path):
    home = Home(tmp_path)
    home.config.write_text("[filing]\nissues = false\npull_requests = true\nissues_per_hour = 7\n")
    before = (await home.run("config", "show", "--json")).json
    assert (await home.run("disable")).code == 0
    assert (await home.run("config", "get", "filing.paused")).out.strip() == "true"
    assert (await home.run("enable")).code == 0
    after = (await home.run("config", "show", "--json")).json
    assert {e["key"]: e["value"] for e in after} == {e["key"]: e["value"] for e in before}


async def test_enabling_without_a_repository_says_what_is_missing(tmp_path: Path):
    home = Home(tmp_path)
    ran = await home.run("enable")
    assert ran.code == 0
    assert "no repository is configured" in ran.out
    wrong = await home.run("enable", "--github-repo", "not a repository")
    assert wrong.code == 2
    assert 'expected "owner/repository"' in wrong.err


async def test_settings_are_typed_checked_and_shown_with_their_source(tmp_path: Path):
    home = Home(tmp_path, AGGREGATOR_CLIENT_MAX_LOG_LINES="50")
    assert (await home.run("config", "set", "client.max_log_lines", "200")).out.count("overrules") == 1
    assert (await home.run("config", "set", "filing.labels", "a,b,c")).code == 0
    assert (await home.run("config", "get", "filing.labels")).out.strip() == "a,b,c"
    shown = {e["key"]: e for e in (await home.run("config", "show", "--json")).json}
    assert (shown["client.max_log_lines"]["value"], shown["client.max_log_lines"]["source"]) == (
        50,
        "AGGREGATOR_CLIENT_MAX_LOG_LINES",
    )
    assert shown["filing.labels"]["source"].startswith(str(home.config))
    assert shown["bundle.interval"]["source"] == "default"
    for wrong in (("set", "bundle.threshold", "many"), ("set", "bundle.nothing", "1"), ("get", "bundle.nothing")):
        assert (await home.run("config", *wrong)).code == 2


async def test_a_configuration_is_checked_with_file_line_and_expectation(tmp_path: Path):
    home = Home(tmp_path)
    home.config.write_text("[bundle]\nthreshold = 'x'\n")
    ran = await home.run("config", "check")
    assert ran.code == 1
    assert "config.toml:2: bundle.threshold" in ran.out
    assert (await home.run("status")).code == 1
    home.config.write_text("[bundle]\nthreshold = 2\n")
    assert (await home.run("config", "check")).code == 0


async def test_init_makes_what_is_missing_and_leaves_what_is_there(tmp_path: Path):
    home = Home(tmp_path)
    first = (await home.run("init", "--json")).json
    assert len(first["made"]) == 6
    keys = [home.state / "key", home.state / "marker.key"]
    assert [key.stat().st_mode & 0o777 for key in keys] == [0o600, 0o600]
    assert home.state.stat().st_mode & 0o777 == 0o700
    assert "[filing]" in home.config.read_text()
    held = [key.read_bytes() for key in keys]
    again = (await home.run("init", "--json")).json
    assert again == first | {"made": []}
    assert [key.read_bytes() for key in keys] == held
    assert (await home.run("config", "check")).code == 0


async def test_a_report_goes_over_the_ingest_socket_and_prints_where_it_went(tmp_path: Path):
    home = Home(tmp_path)
    home.config.write_text("")
    lines: list[bytes] = []
    answers = [
        b'{"ack": 1, "signature": "s1-ab", "issue": null}\n',
        b'{"ack": 1, "signature": "s1-ab", "issue": "https://x/3"}\n',
        b'{"ack": 0, "refused": [{"reason": "count is 0"}]}\n',
        b'{"error": "busy", "retry": true}\n',
    ]

    async def answer(stream: trio.SocketStream) -> None:
        lines.append(bytes(await stream.receive_some(65_536)))
        await stream.send_all(answers[len(lines) - 1])

    async with trio.open_nursery() as nursery:
        listener = trio.socket.socket(trio.socket.AF_UNIX)
        await listener.bind(str(home.ingest))
        listener.listen()
        nursery.start_soon(trio.serve_listeners, answer, [trio.SocketListener(listener)])
        queued = await home.run("report", "disk full", "--type", "DiskFull", "--service", "db", "--context", "disk=sda")
        filed = (await home.run("report", "-", "--json", given=b"from a pipe\n")).json
        refused = await home.run("report", "x")
        busy = await home.run("report", "x")
        nursery.cancel_scope.cancel()
    assert b'"message":"disk full"' in lines[0]
    assert b'"disk":"sda"' in lines[0]
    assert b'"message":"from a pipe"' in lines[1]
    assert (queued.code, queued.out.strip()) == (0, "s1-ab: queued")
    assert filed == {"signature": "s1-ab", "issue": "https://x/3"}
    assert (refused.code, busy.code) == (1, 1)
    assert "count is 0" in refused.err
    assert "busy" in busy.err


async def test_wrong_usage_exits_with_two(tmp_path: Path):
    home = Home(tmp_path)
    for line in ("nothing", "show", "mute", "report x --severity bad", "report x --context y"):
        assert (await home.run(*line.split())).code == 2, line


@pytest.mark.parametrize("verb", [*VERBS, *CONFIG], ids=lambda verb: verb.name)
def test_every_verb_says_what_it_does(verb: Verb):
    assert verb.run.__doc__


RECORDS = b"""{"message": "order 77 has no owner", "type": "ValueError", "service": "shop"}
{"message": "order 78 has no owner", "type": "ValueError", "service": "shop", "logs": ["password=hunter2secret"]}

{"count": 1}
"""


async def test_explain_reads_records_and_needs_no_node(tmp_path: Path):
    home = Home(tmp_path)
    home.config.write_text("")
    ran = await home.run("explain", "--json", given=RECORDS)
    lines = [msgspec.json.decode(line) for line in ran.out.splitlines()]
    assert ran.code == 1
    assert len(lines) == 3
    assert lines[0]["signature"].startswith("s1-")
    assert lines[0]["signature"] == lines[1]["signature"]
    assert lines[0]["severity"] == "medium"
    assert {name for name, _ in lines[0]["steps"]} >= {"type", "template", "name"}
    assert "message" in lines[2]["error"]
    assert (await home.run("explain", given=RECORDS.splitlines()[0])).code == 0


async def test_explain_of_a_known_error_tells_what_is_decided(tmp_path: Path):
    async with node(tmp_path) as (home, _):
        ran = await home.run("explain", name(2))
        plain = (await home.run("explain", name(2), "--json")).json
    assert "due: occurred often enough" in ran.out
    assert "5 of 3 within the lookback" in ran.out
    assert "template" in ran.out
    assert plain["decision"][0]["state"] == "due"


async def test_preview_reads_records_and_shows_them_without_secrets(tmp_path: Path):
    home = Home(tmp_path)
    home.config.write_text('[github]\nroutes = { shop = "acme/shop" }\n')
    ran = await home.run("preview", "--json", given=RECORDS)
    lines = [msgspec.json.decode(line) for line in ran.out.splitlines()]
    assert ran.code == 1
    assert "hunter2secret" not in ran.out
    assert lines[0]["issue"]["repository"] == "acme/shop"
    assert lines[0]["issue"]["title"].startswith("ValueError: order ")
    assert lines[0]["issue"]["labels"][0] == "error-aggregator"
    assert "order 77 has no owner" in lines[0]["issue"]["body"]
    assert lines[2]["error"]


async def test_exec_passes_the_status_on_and_touches_nothing_else(tmp_path: Path):
    home = Home(tmp_path, AGGREGATOR_SPOOL=str(tmp_path / "spool"))
    script = "import sys; print('out', sys.argv[1]); print('err', file=sys.stderr); sys.exit(3)"
    ran = await home.run("exec", "--", sys.executable, "-c", script, "--json")
    assert (ran.code, ran.out) == (3, "out --json\n")
    assert "err" in ran.err
    assert (await home.run("exec", "true")).code == 0


async def test_what_a_node_reads_elsewhere_is_not_written_beside_it(tmp_path: Path):
    async with node(tmp_path) as (home, view):
        before, mine = home.config.read_text(), tmp_path / ".config" / "error-aggregator" / "config.toml"
        for verb in (("enable",), ("disable",), ("config", "set", "bundle.threshold", "9")):
            ran = await home.bare(*verb)
            assert (ran.code, ran.out) == (1, "")
            assert f"nothing was written: the node at {home.socket} reads {home.config}, not {mine}" in ran.err
        assert (home.config.read_text(), mine.exists(), view.reloads) == (before, False, 0)


async def test_a_named_file_that_the_node_does_not_read_is_written_and_said_so(tmp_path: Path):
    async with node(tmp_path) as (home, view):
        other = tmp_path / "other.toml"
        ran = await home.bare("--config", str(other), "config", "set", "bundle.threshold", "9", "--json")
        assert (ran.code, ran.json["path"]) == (1, str(other))
        assert ran.json["node"] == f"not told, for it reads another file, {home.config}"
        assert (view.reloads, "threshold = 9" in other.read_text()) == (0, True)
        same = await home.bare("--config", f"{tmp_path}/./config.toml", "disable")
        assert (same.code, view.reloads, "node: reloaded" in same.out) == (0, 1, True)
