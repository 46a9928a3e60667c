"""Notifications really sent: to programs of every kind, and to a webhook on loopback that answers as it likes."""

import json
import os
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.agenda import Knowledge
from aggregator.book import Book
from aggregator.due import Policy
from aggregator.filing.case import Outcome
from aggregator.history import History
from aggregator.ledger import Ledger
from aggregator.notification.event import Event, notification
from aggregator.page import Page, PageKey, write_body
from aggregator.reason import Reason
from aggregator.redact import redact_command
from node.cli import config_check, config_get, config_set, config_show
from node.cli import notify as verb
from node.cli.verb import DONE, PROBLEM, USAGE, Cli, Verb, execute
from node.config import Loaded, load
from node.config.secret import Secret
from node.notification import Alone, Courier, Notifier, Parts, command, find_targets, webhook
from node.notification.hidden import SECRET_CHARS
from node.store import Store, open_store
from tests.pure.factories import ALICE, name, tally
from tests.stage.hook import SECRET, Hook, hook
from tests.stage.kit import NOW, PATIENCE, WINDOW, FakeClock
from tests.stage.test_control import serving
from tests.stage.view import FakeNotifying, some_view

PLACE = "acme/shop"
FEW = {"PATH": os.environ["PATH"], "GITHUB_TOKEN": "ghp_" + "a1B2" * 9}
SPOKEN = notification([Event(kind="filed", at="", text="x")], 0, "alice", "", "")


# A command.


def python(code: str) -> tuple[str, ...]:
    return sys.executable, "-c", code


async def test_a_command_reads_the_notification_and_knows_no_token(tmp_path: Path) -> None:
    out = tmp_path / "out"
    code = f"import os, sys; open({str(out)!r}, 'w').write(sys.stdin.read() + str(dict(os.environ)))"
    assert await command.run(python(code), b'{"text": "x"}', 20, FEW) is None
    said = out.read_text()
    assert said.startswith('{"text": "x"}')
    assert "TOKEN" not in said


async def test_a_command_that_hangs_is_killed_with_all_that_it_started(tmp_path: Path) -> None:
    started = tmp_path / "started"
    shell = f"sleep 600 & echo $! > {started}.new; mv {started}.new {started}; wait"
    began = trio.current_time()
    for seconds in (1.5, 15.0, 60.0):  # a busy machine may not have started it by then
        reason = await command.run(("/bin/sh", "-c", shell), b"{}", seconds, FEW)
        assert reason == f"/bin/sh did not end within {seconds:g} s and was killed"
        if started.exists():
            break
    assert trio.current_time() - began < 500
    child = int(started.read_text())
    await until(lambda: not runs(child))


def runs(process: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False


async def test_a_command_that_leaves_something_running_holds_up_nobody(tmp_path: Path) -> None:
    with trio.fail_after(PATIENCE):
        assert await command.run(("/bin/sh", "-c", "sleep 600 & exit 0"), b"{}", 300, FEW) is None


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (("/nowhere/to/be/found",), "/nowhere/to/be/found cannot be started (No such file or directory)"),
        ((__file__,), f"{__file__} cannot be started (Permission denied)"),
        (python("import sys; sys.exit('no such pager')"), f"{sys.executable} ended with status 1: no such pager"),
        (("/bin/sh", "-c", "kill -9 $$"), "/bin/sh ended with status -9"),
    ],
)
async def test_why_a_command_failed_is_told(made: tuple[str, ...], reason: str) -> None:
    assert await command.run(made, b"{}", 20, FEW) == reason


async def test_a_command_that_reads_nothing_and_says_much_costs_little() -> None:
    code = "import sys; sys.stdin.close(); sys.stderr.write('x' * 5_000_000); sys.exit(3)"
    reason = await command.run(python(code), b"y" * 1_000_000, 20, FEW)
    assert reason is not None
    assert len(reason) < 400 + len(sys.executable)


# A webhook.


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Generator[Hook]:
    monkeypatch.setattr(webhook, "PAUSES", (0.0, 0.0, 0.0))
    for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(variable, raising=False)
    with hook() as made:
        yield made


async def post(there: Hook, seconds: float = 20.0) -> str | None:
    return await webhook.post(Secret(there.url), msgspec.json.encode(SPOKEN), seconds)


async def test_a_webhook_gets_the_notification_once(there: Hook) -> None:
    assert await post(there) is None
    ((path, note),) = there.got
    assert path.endswith(SECRET)
    assert note["text"] == "x"
    assert note["events"][0]["kind"] == "filed"


async def test_what_may_mend_itself_is_tried_again(there: Hook) -> None:
    there.answer(500, 429, 200)
    assert await post(there) is None
    assert len(there.got) == 3


async def test_what_does_not_mend_itself_is_given_up(there: Hook) -> None:
    there.answer(503)
    assert await post(there) == "status 503"
    assert len(there.got) == 1 + len(webhook.PAUSES)


async def test_what_was_refused_is_not_tried_again(there: Hook) -> None:
    there.answer(403)
    assert await post(there) == "status 403"
    assert len(there.got) == 1


async def test_a_redirection_is_not_followed_and_its_target_is_not_told(there: Hook) -> None:
    there.answer(307, location=f"{there.url}/elsewhere")
    reason = await post(there)
    assert reason == "it redirects (status 307), which is not followed"
    assert len(there.got) == 1


async def test_a_webhook_that_never_answers_is_given_up(there: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "PAUSES", ())
    there.answer(0)
    assert await post(there, 0.5) == "no answer within 0.5 s"


@pytest.mark.parametrize("address", [f"http://127.0.0.1:1/{SECRET}", f"http://[::1/{SECRET}", f"ftp://x/{SECRET}"])
async def test_no_word_about_a_webhook_that_cannot_be_reached_holds_its_address(there: Hook, address: str) -> None:
    reason = await webhook.post(Secret(address), b"{}", 5)
    assert reason
    assert SECRET not in reason


# The address is a secret.


def test_a_webhooks_address_is_shown_nowhere(tmp_path: Path) -> None:
    loaded = load(None, {"HOME": "/nonexistent", "AGGREGATOR_NOTIFY_WEBHOOK": f"https://example.org/{SECRET}"})
    targets = find_targets(loaded, {})
    assert targets.webhook.reveal() == f"https://example.org/{SECRET}"
    assert targets.source == "AGGREGATOR_NOTIFY_WEBHOOK"
    assert SECRET not in f"{loaded!r} {targets!r} {loaded.config.notify}"


def test_the_command_line_hides_a_webhooks_address(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "config.toml"

    def run(verb: Verb, as_json: bool = False, **given: str) -> int:
        environment = {"HOME": str(tmp_path), "AGGREGATOR_CONTROL_SOCKET": str(tmp_path / "none.sock")}
        return execute(verb, Cli(path, environment=environment), given, as_json)

    assert run(config_set.VERB, key="notify.webhook", value=f"https://example.org/{SECRET}") == DONE
    assert SECRET in path.read_text()
    for each in (config_show.VERB, config_check.VERB):
        assert run(each, as_json=True) == DONE
    assert run(config_get.VERB, key="notify.webhook") == DONE
    assert run(config_set.VERB, key="notify.webhook", value=f"ftp://{SECRET}") == USAGE
    path.write_text(f'[notify]\nwebhook = "http://example.org/{SECRET}"\n')
    assert run(config_check.VERB) == PROBLEM
    said = "".join(capsys.readouterr())
    assert "(hidden)" in said
    assert "expected an https address" in said
    assert SECRET not in said


TOKEN = "s3cr3t-of-the-pager"


def test_a_secret_among_the_commands_arguments_is_shown_nowhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "config.toml"
    cli = Cli(path, environment={"HOME": str(tmp_path), "AGGREGATOR_CONTROL_SOCKET": str(tmp_path / "none.sock")})
    given = {"key": "notify.command", "value": f"/bin/page,--team,web,--api-key,{TOKEN}"}
    assert execute(config_set.VERB, cli, given) == DONE
    cli = replace(cli)
    for as_json in (False, True):
        execute(config_show.VERB, cli, {}, as_json)
        execute(config_get.VERB, cli, {"key": "notify.command"}, as_json)
    path.write_text(f'[notify]\ncommand = "page --api-key {TOKEN}"\n')
    assert execute(config_check.VERB, replace(cli), {}) == PROBLEM
    said = "".join(capsys.readouterr())
    assert said.count("--team,web,--api-key,[redacted]") == 3
    assert "page --api-key [redacted]" in said
    assert TOKEN not in said


async def test_neither_the_state_nor_the_words_of_a_command_hold_its_secrets(tmp_path: Path) -> None:
    noisy = f"import sys; sys.exit('x' * 280 + ' no such key: {TOKEN[:9]}' + '{TOKEN[9:]}; password={TOKEN[::-1]}')"
    program = (*python(noisy), "--api-key", TOKEN)
    async with desk(tmp_path, timeout="60s") as made:
        settings = replace(made.terms.loaded.config.notify, command=program)
        made.terms.loaded = replace(made.terms.loaded, config=replace(made.terms.loaded.config, notify=settings))
        assert made.notifier.state().targets["command"].endswith("--api-key [redacted]")
        (delivery,) = await made.notifier.test()
    assert "ended with status 1" in delivery.trouble
    assert TOKEN[:4] not in delivery.trouble


def test_words_of_a_command_lose_what_it_was_given_wherever_that_stands() -> None:
    said = command.without_secrets(f"bad {TOKEN}, token=abcdef0123456789", ("/bin/page", f"--token={TOKEN}", "web"))
    assert said == "bad [redacted], token=[redacted]"


@pytest.mark.parametrize(
    ("arguments", "secret"),
    [
        (("https://joe:hunter2pass@host.example/x",), "hunter2pass"),
        (("--opts=password=hunter2pass,retries=3",), "hunter2pass"),
        (("-c", "curl -H 'X-Api-Key: Zx81kkq0pLm' https://h"), "Zx81kkq0pLm"),
        (("-c", "x --password=hunter2pass; y --api-key=Zx81kkq0pLm"), "Zx81kkq0pLm"),
        (("--secret-name", "--api-key=Zx81kkq0pLm"), "Zx81kkq0pLm"),
        (("--token", "https://joe:hunter2pass@host.example/x"), "hunter2pass"),
        (("--password=hunter2pass,retries=3",), "hunter2pass"),
    ],
)
async def test_a_command_that_takes_its_arguments_apart_shows_no_secret_of_them(
    arguments: tuple[str, ...], secret: str
) -> None:
    code = f"import sys; print('refused:', {secret!r}, 'was given', file=sys.stderr); sys.exit(3)"
    said = await command.run((*python(code), *arguments), b"", 20, FEW)
    assert said
    assert secret not in said
    assert "refused:" in said


AROUND = st.text(" =:,;/@'\"&?[]", min_size=1, max_size=12)  # so that a secret ends where the next thing begins
BEFORE = st.sampled_from(["https://joe:", "--opts=password=", "-H 'X-Api-Key: ", "--api-key=", "Bearer ", ""])


@settings(deadline=None)  # what is compiled once is not this example's time
@given(
    option=st.sampled_from(["-c", "--secret", "--team", "-u"]),
    parts=st.lists(
        st.tuples(AROUND, BEFORE, st.text("abcXYZ0189_", min_size=SECRET_CHARS, max_size=24)),
        min_size=1,
        max_size=3,
    ),
    end=AROUND,
)
def test_what_is_hidden_of_an_argument_is_hidden_wherever_the_command_prints_it(
    option: str, parts: list[tuple[str, str, str]], end: str
) -> None:
    argument = "".join("".join(part) for part in parts) + end
    given_command = ("curl", option, argument)
    harmless = redact_command(given_command)[2]
    for secret in (each[2] for each in parts):
        if secret not in harmless:
            assert secret not in command.without_secrets(f"no such key: {secret}\n({argument})", given_command)


def test_a_credential_wins_over_the_setting_and_must_be_https(tmp_path: Path) -> None:
    loaded = load(None, {"HOME": "/nonexistent", "AGGREGATOR_NOTIFY_WEBHOOK": "https://example.org/setting"})
    place, given = tmp_path / "notify-webhook", {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    place.write_text(f"https://example.org/{SECRET}\n")
    assert find_targets(loaded, given).webhook.reveal().endswith(SECRET)
    place.write_text(f"http://example.org/{SECRET}\n")
    bad = find_targets(loaded, given)
    assert not bad
    assert bad.trouble == "it holds no https address"


# The notifier.


class Terms:
    def __init__(self, loaded: Loaded) -> None:
        self.loaded = loaded
        self.policy = Policy(repository=PLACE)


class Desk:
    """A notifier over a real store."""

    def __init__(self, store: Store, terms: Terms) -> None:
        self.known = Knowledge(Ledger(), History(), Book())
        self.terms, self.clock = terms, FakeClock()
        self.courier = Courier(lambda: terms.loaded, {"PATH": os.environ["PATH"]})
        self.notifier = Notifier(Parts(ALICE, WINDOW, self.known, terms, store, self.clock, Alone()), self.courier)
        self._pages = 0

    def see(self, *numbers: int) -> None:
        self._pages += 1
        key = PageKey(ALICE, int(NOW // WINDOW) * WINDOW, self._pages)
        tallies = [tally(number) for number in numbers]
        self.known.ledger.put(Page(key, 1, write_body(tallies)), tallies)

    def came(self, reason: Reason, number: int = 1, state: str = "filed", issue: int = 0) -> None:
        self.notifier.learn((Outcome(name(number), PLACE, state, reason, issue),))


async def until(look: Callable[[], Any]) -> None:
    """What is awaited happens in another process or thread."""
    with trio.fail_after(PATIENCE):
        while not look():  # noqa: ASYNC110
            await trio.sleep(0.02)


@asynccontextmanager
async def desk(tmp_path: Path, url: str = "", **settings: Any) -> AsyncGenerator[Desk]:
    variables = {f"AGGREGATOR_NOTIFY_{key.upper()}": value for key, value in settings.items()}
    loaded = load(None, {"HOME": "/nonexistent", "AGGREGATOR_NOTIFY_WEBHOOK": url, **variables})
    async with open_store(tmp_path / "state") as store, trio.open_nursery() as nursery:
        made = Desk(store, Terms(loaded))
        await nursery.start(made.notifier.run)
        yield made
        nursery.cancel_scope.cancel()


async def test_news_arrives_at_once_and_what_follows_in_one_notification(there: Hook, tmp_path: Path) -> None:
    async with desk(tmp_path, there.url, interval="1s") as made:
        made.came(Reason.CREATED, 1, issue=7)
        await until(lambda: made.notifier.state().sent == 1)
        for number in (2, 3, 4):
            made.came(Reason.REOPENED, number, issue=number)
        await until(lambda: made.notifier.state().sent == 2)
    assert [len(note["events"]) for _, note in there.got] == [1, 3]
    assert "https://github.com/acme/shop/issues/7" in there.texts[0]


async def test_a_new_error_is_told_and_what_was_known_before_is_not(there: Hook, tmp_path: Path) -> None:
    async with desk(tmp_path, there.url, interval="1s") as made:
        made.see(1, 2)
        await until(lambda: there.got)
    (event,) = [each for each in there.got[0][1]["events"] if each["root"] == name(1)]
    assert (event["kind"], event["repository"]) == ("first", PLACE)


async def test_a_restart_tells_nothing_twice(there: Hook, tmp_path: Path) -> None:
    for _ in range(2):
        async with desk(tmp_path, there.url) as made:
            capped = Outcome(name(1), PLACE, "waiting", Reason.CAP_REACHED)
            made.notifier.learn((capped, Outcome(name(2), PLACE, "filed", Reason.CREATED, 9)))
            await until(lambda made=made: made.notifier.state().sent)
    kinds = [[event["kind"] for event in note["events"]] for _, note in there.got]
    assert sorted(kinds[0]) == ["breaker", "filed"]
    assert kinds[1] == ["filed"]


async def test_only_what_was_chosen_is_told_and_a_reload_changes_it(there: Hook, tmp_path: Path) -> None:
    async with desk(tmp_path, there.url, events="regression", interval="1s") as made:
        made.came(Reason.CREATED, 1, issue=7)
        made.came(Reason.REOPENED, 2, issue=8)
        await until(lambda: there.got)
        assert [event["kind"] for _, note in there.got for event in note["events"]] == ["regression"]
        made.terms.loaded = load(None, {"HOME": "/nonexistent"})
        made.came(Reason.REOPENED, 3, issue=9)
        assert not made.courier.targets
        assert len(made.notifier.waiting) == 0


async def test_a_webhook_that_fails_leaves_the_command_its_news_and_is_counted(there: Hook, tmp_path: Path) -> None:
    there.answer(403)
    out = tmp_path / "out.json"
    script = tmp_path / "page"
    script.write_text(f'#!/bin/sh\ncat > "{out}.new" && mv "{out}.new" "{out}"\n')
    script.chmod(0o755)
    async with desk(tmp_path, there.url, command=str(script)) as made:
        made.came(Reason.CREATED, issue=7)
        await until(lambda: made.courier.last)
        assert json.loads(out.read_text())["events"][0]["number"] == 7
        state = made.notifier.state()
    assert [(each.target, each.trouble) for each in state.last] == [("command", ""), ("webhook", "status 403")]
    assert (state.sent, state.failed) == (1, 1)
    assert state.targets == {"command": str(script), "webhook": "AGGREGATOR_NOTIFY_WEBHOOK"}


async def test_a_fault_in_telling_keeps_nobody_from_filing(tmp_path: Path, there: Hook) -> None:
    async with desk(tmp_path, there.url) as made:
        made.notifier.learn((None,))  # pyright: ignore[reportArgumentType]  # a fault of ours
        made.came(Reason.CREATED, issue=7)
        await until(lambda: there.got)


# The verb.


async def test_the_verb_sends_a_test_and_says_what_became_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    view, cli = some_view(tmp_path), Cli(socket=tmp_path / "c.sock", environment={"HOME": str(tmp_path)})

    async def run(**given: bool) -> tuple[int, str]:
        code = await trio.to_thread.run_sync(lambda: execute(verb.VERB, cli, given))
        return code, "".join(capsys.readouterr())

    async with serving(view, tmp_path / "c.sock"):
        assert "command: page" in (await run())[1]
        code, said = await run(test=True)
        assert (code, "command: arrived" in said) == (DONE, True)
        view.notifying = FakeNotifying("page did not end within 10 s and was killed")
        code, said = await run(test=True)
        assert (code, "was killed" in said) == (PROBLEM, True)
