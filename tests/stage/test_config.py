"""Configuration: what is read from where, and what is refused with which words."""

import os
import subprocess
import sys
import tomllib
from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest

from node.cli.tables import literal
from node.config import SETTINGS, Config, ConfigError, load, places, set_value, value_of
from node.config.kinds import BadValue, read_duration, read_size, write_duration, write_size
from node.config.sample import sample, tables
from node.config.sections import SECTIONS
from tests.stage.powers import without_powers

ROOT = Path(__file__).parents[2]
NOTHING: dict[str, str] = {"HOME": "/nonexistent"}


def write(directory: Path, text: str) -> Path:
    path = directory / "config.toml"
    path.write_text(text)
    return path


def problems(directory: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(write(directory, text), NOTHING)
    return str(caught.value).splitlines()


def test_nothing_reaches_outside_by_default() -> None:
    config = load(None, NOTHING).config
    assert (config.filing.issues, config.filing.pull_requests, config.healing.assign_copilot) == (False, False, False)
    assert (config.github.repository, dict(config.github.routes)) == ("", {})
    assert config.network.mdns is False


def test_the_file_overrides_defaults_and_the_environment_overrides_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, '[bundle]\ninterval = "5m"\nthreshold = 7\n')
    loaded = load(path, {**NOTHING, "AGGREGATOR_BUNDLE_THRESHOLD": "9", "AGGREGATOR_FILING_ISSUES": "true"})
    assert loaded.config.bundle.interval == 300.0
    assert loaded.config.bundle.threshold == 9
    assert loaded.config.filing.issues is True
    assert loaded.sources["bundle.interval"] == f"{path}:2"
    assert loaded.sources["bundle.threshold"] == "AGGREGATOR_BUNDLE_THRESHOLD"
    assert loaded.sources["bundle.lookback"] == "default"


def test_the_first_standard_file_that_exists_is_read(tmp_path: Path) -> None:
    directory = tmp_path / "error-aggregator"
    directory.mkdir()
    write(directory, "[bundle]\nthreshold = 4\n")
    loaded = load(None, {"XDG_CONFIG_HOME": str(tmp_path)})
    assert (loaded.path, loaded.config.bundle.threshold) == (directory / "config.toml", 4)


def test_a_home_that_may_not_be_entered_has_no_file(tmp_path: Path) -> None:
    tmp_path.chmod(0)
    command = [sys.executable, "-c", "import os; from node.config import load; print(load(None, os.environ).path)"]
    environment = {**os.environ, "HOME": str(tmp_path), "XDG_CONFIG_HOME": "", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(without_powers(command), env=environment, capture_output=True, text=True)
    tmp_path.chmod(0o700)
    assert done.returncode == 0, done.stderr
    assert str(tmp_path) not in done.stdout


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / "missing.toml", NOTHING)


def test_every_problem_is_told_at_once_with_file_line_and_what_was_expected(tmp_path: Path) -> None:
    text = "[bundle]\nintervall = 5\nthreshold = 0\n\n[log]\nlevel = 'loud'\n\n[unknown]\nx = 1\n"
    found = problems(tmp_path, text)
    path = tmp_path / "config.toml"
    assert found[0] == f"{path}:2: bundle.intervall is no setting: did you mean bundle.interval?"
    assert found[1].startswith(f"{path}:3: bundle.threshold is 0: expected a whole number from 1")
    assert found[2].startswith(f'{path}:6: log.level is "loud": expected one of "debug"')
    assert found[3].startswith(f"{path}:8: unknown is no section")


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("max_log_lines", "client.max_log_lines"),
        ("filing.max_log_lines", "client.max_log_lines"),
        ("max_loglines", "client.max_log_lines"),
        ("issue_labels", "filing.labels"),
        ("bundle.treshold", "bundle.threshold"),
        ("socket", "ingest.socket or control.socket"),
    ],
)
def test_a_key_that_is_no_setting_is_answered_with_the_one_that_was_meant(tmp_path: Path, key: str, meant: str) -> None:
    with pytest.raises(ConfigError, match=f"did you mean {meant}\\?"):
        set_value(tmp_path / "config.toml", key, "3")


@pytest.mark.parametrize("key", SETTINGS)
def test_a_value_of_another_kind_is_refused_with_file_line_key_and_what_was_expected(tmp_path: Path, key: str) -> None:
    setting = SETTINGS[key]
    (found,) = problems(tmp_path, f"[{setting.section}]\n{setting.name} = [[1]]\n")
    where, what, expected = f"{tmp_path / 'config.toml'}:2: {key} is ", "[[1]]", f": expected {setting.kind.expected}"
    assert found in (f"{where}{what}{expected}", f"{where}(hidden){expected}")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("network.seeds", "/ip4/192.0.2.1/tcp/4001"),  # no peer id: the network would refuse it
        ("network.seeds", "/ip4/999.1.1.1/tcp/4001/p2p/12D3KooW" + "A" * 44),
        ("network.listen", "/ip4/0.0.0.0/tcp/99999"),
        ("network.announce", "/ip4/192.0.2.1/tcp/0"),
        ("network.announce", "192.0.2.1:4001"),
    ],
)
def test_an_address_with_which_no_node_would_start_is_refused_before_one_does(
    tmp_path: Path, key: str, value: str
) -> None:
    name = key.partition(".")[2]
    (found,) = problems(tmp_path, f'[network]\n{name} = ["{value}"]\n')
    assert f":2: {key} is " in found
    assert SETTINGS[key].kind.expected in found


def test_an_address_of_github_bears_no_password(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, '[github]\napi_url = "https://bob:correct-horse@ghe.example"\n')
    assert "without user or password" in found


@pytest.mark.parametrize("key", SETTINGS)
def test_every_setting_is_overridden_by_its_variable_and_written_as_the_command_line_shows_it(key: str) -> None:
    setting = SETTINGS[key]
    shown = literal(setting.kind.write(setting.default))
    loaded = load(None, NOTHING | {setting.variable: shown})
    assert (value_of(loaded.config, key), loaded.sources[key]) == (setting.default, setting.variable)


def test_the_configuration_cannot_be_changed_once_it_is_made() -> None:
    for section in (Config(), *(getattr(Config(), name) for name in SECTIONS)):
        for each in fields(section):
            with pytest.raises(FrozenInstanceError):
                setattr(section, each.name, None)


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("[bundle]\ninterval = = 5\n", "2:12", 'Invalid value: expected "text" in quotes, a number'),
        ("[bundle\nthreshold = 5\n", "1:8", "Expected ']' at the end of a table declaration"),
        ("[bundle]\nthreshold 5\n", "2:11", "Expected '=' after a key in a key/value pair"),
        ("[log]\nlevel = warning\n", "2:9", 'Invalid value: expected "text" in quotes'),
        ('[log]\nlevel = "info\n[node]\n', "2:14", "Illegal character"),
        ("[log]\nlevel = 'info", "2:14", 'Expected "\'", at the end of the file'),
        ("[filing]\n\n[filing]\n", "3:8", "Cannot declare ('filing',) twice: expected each [SECTION] once"),
        ("[filing]\nissues = true\nissues = false\n", "3:15", "Cannot overwrite a value: expected each key once"),
        ("[filing]\nlabels = ['a'\n'b']\n", "3:1", "Unclosed array: expected a comma"),
    ],
)
def test_what_is_no_toml_is_told_with_file_line_column_and_what_was_expected(
    tmp_path: Path, text: str, place: str, words: str
) -> None:
    (found,) = problems(tmp_path, text)
    assert found.startswith(f"{tmp_path / 'config.toml'}:{place}: not TOML: {words}")
    with pytest.raises(ConfigError, match=f"config.toml:{place}: not TOML"):
        set_value(tmp_path / "config.toml", "bundle.threshold", "3")


TOKEN = "ghp_" + "A1b2C3d4E5" * 3


@pytest.mark.parametrize(
    "text",
    [
        f"[node]\n{TOKEN} = 1\n",
        f"[node]\n{TOKEN[:12]} = 1\n",
        f"[{TOKEN}]\na = 1\n",
        f"{TOKEN} = 1\n",
        f"[{TOKEN}]\n[{TOKEN}]\n",
        f"[node]\na = {{{TOKEN} = 1, {TOKEN} = 2}}\n",
        f'[bundle]\n"services.web.{TOKEN}" = 1\n',
    ],
)
def test_a_token_that_stands_where_a_key_belongs_is_not_shown_and_its_remedy_is(tmp_path: Path, text: str) -> None:
    (found,) = problems(tmp_path, text)
    assert TOKEN[:12] not in found
    assert "tokens are never kept in a file" in found


@pytest.mark.parametrize(
    "text",
    [
        '"\\u001b[31mRED" = 1\n',
        '[node]\n"\\u001b[31mRED\\n\\u202e" = 1\n',
        '[bundle]\n"service.web.\\u001b[31mRED" = 1\n',
        '["\\u001b[31mRED"]\n["\\u001b[31mRED"]\n',
    ],
)
def test_a_key_moves_no_cursor_and_breaks_no_line(tmp_path: Path, text: str) -> None:
    (found,) = problems(tmp_path, text)
    assert found.isprintable()
    assert r"\x1b[31mRED" in found


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ('"""a\n[zzz]\nbar = 1\n"""', 6),
        ("'''a\n[zzz]\n\"\"\"\n'''", 6),
        ('"""\\"""" # """\n', 4),
        ('[ # ]\n  ["a"], "[",\n  [1],\n]', 6),
        ("'\"\"\"' # '''", 3),
        ('"a" # \u2028 one line', 3),
    ],
)
def test_a_key_behind_a_text_or_list_of_several_lines_is_told_with_its_own_line(
    tmp_path: Path, value: str, line: int
) -> None:
    found = problems(tmp_path, f"[node]\nfoo = {value}\nbar = 2\n")
    assert [each.split(" ")[0] for each in found] == [f"{tmp_path / 'config.toml'}:{n}:" for n in (2, line)]


@pytest.mark.parametrize("there", [True, False])
def test_a_file_that_is_a_link_stays_one_and_what_it_names_is_changed(tmp_path: Path, there: bool) -> None:
    real, link = tmp_path / "kept" / "real.toml", tmp_path / "config.toml"
    real.parent.mkdir()
    if there:
        real.write_text("# mine\n[bundle]\nthreshold = 4\n")
        real.chmod(0o640)
    link.symlink_to(Path("kept", "real.toml"))
    set_value(link, "bundle.threshold", "7")
    assert link.readlink() == Path("kept", "real.toml")
    assert load(real, NOTHING).config.bundle.threshold == 7
    assert real.stat().st_mode & 0o777 == (0o640 if there else 0o600)
    assert [each.name for each in real.parent.iterdir()] == ["real.toml"]


def test_bytes_that_are_no_text_are_told_with_their_place(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes("[log]\n# gr\u00fcn\nlevel = '".encode() + b"\xff'\n")
    with pytest.raises(ConfigError) as caught:
        load(path, NOTHING)
    assert str(caught.value) == f"{path}:3:10: not TOML: byte 0xff is no text: expected UTF-8"


@pytest.mark.parametrize("address", ["", "127.0.0.1:9464", "127.8.9.10:1", "localhost:65535", "[::1]:9464"])
def test_numbers_may_be_served_on_loopback(address: str) -> None:
    assert SETTINGS["control.metrics"].kind.read(address) == address


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:99999", "127.0.0.1", "127.0.0.1:", ":9464", "127.0.0.1:+80"),
        *("0.0.0.0:9464", "192.0.2.1:9464", "127.0.0.999:9464", "127.1:9464", "[::]:9464", "::1:9464", "host:9464"),
        "127.0.0.1:\u0661\u0662",  # digits elsewhere
    ],
)
def test_an_address_at_which_no_number_could_be_served_is_refused(tmp_path: Path, address: str) -> None:
    (found,) = problems(tmp_path, f'[control]\nmetrics = "{address}"\n')
    assert ":2: control.metrics is " in found
    assert "a port from 1 to 65535" in found


@pytest.mark.parametrize(
    "text",
    [
        '[github]\ntoken = "x"\n',
        '[github]\nrepository = "ghp_0123456789abcdefghij"\n',
        '[github]\naccess = "github_pat_0123456789abcdefghij"\n',
        'github_token = "x"\n',
    ],
)
def test_a_token_in_the_file_is_refused_with_the_remedy_and_not_shown(tmp_path: Path, text: str) -> None:
    (found,) = problems(tmp_path, text)
    assert "GITHUB_TOKEN" in found
    assert "0123456789" not in found


def test_a_variable_that_is_no_setting_is_a_warning_with_a_hint() -> None:
    (warning,) = load(None, {**NOTHING, "AGGREGATOR_FILING_ISUES": "1", "AGGREGATOR_SOCKET": "/x"}).warnings
    assert "did you mean AGGREGATOR_FILING_ISSUES?" in warning


def test_tables_and_lists_are_read_from_file_and_environment(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "[bundle.thresholds]\nhigh = 2\n[bundle.services.web]\nthreshold = 10\ncritical = 2\n"
        '[github.routes]\nweb = "me/web"\n',
    )
    config = load(path, {**NOTHING, "AGGREGATOR_FILING_LABELS": "a, b,c"}).config
    assert config.bundle.thresholds == {"high": 2}
    assert config.bundle.services == {"web": {"threshold": 10, "critical": 2}}
    assert config.github.routes == {"web": "me/web"}
    assert config.filing.labels == ("a", "b", "c")


def test_a_bad_entry_of_a_table_names_file_and_line(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, "[bundle]\nthreshold = 2\n[bundle.thresholds]\nfatal = 2\n")
    assert found.startswith(f"{tmp_path / 'config.toml'}:3: bundle.thresholds is")


@pytest.mark.parametrize(
    ("text", "seconds"), [("15m", 900.0), ("2s", 2.0), ("24h", 86400.0), ("1h30m", 5400.0), ("250ms", 0.25), (7, 7.0)]
)
def test_durations_are_seconds_or_text(text: object, seconds: float) -> None:
    assert read_duration(text) == seconds
    assert read_duration(write_duration(seconds)) == seconds


@pytest.mark.parametrize("text", ["", "5 apples", "-1s", True, None, "m"])
def test_other_durations_are_refused(text: object) -> None:
    with pytest.raises(BadValue):
        read_duration(text)


def test_sizes_are_bytes_or_text() -> None:
    assert [read_size(each) for each in (5, "5", "2KiB", "1GiB")] == [5, 5, 2048, 2**30]
    assert write_size(2**30) == "1GiB"


@pytest.mark.parametrize("key", SETTINGS)
def test_every_default_is_of_its_own_kind_and_survives_being_written(key: str) -> None:
    kind, default = SETTINGS[key].kind, SETTINGS[key].default
    assert kind.read(kind.write(default)) == default
    assert value_of(Config(), key) == default


def test_the_sample_holds_every_setting_with_its_default(tmp_path: Path) -> None:
    path = ROOT / "configs" / "error-aggregator.toml"
    assert path.read_text() == sample(), "run: python -m node.config.sample > configs/error-aggregator.toml"
    loaded = load(path, NOTHING)
    assert loaded.config == Config()
    assert "default" not in set(loaded.sources.values())


def test_the_page_holds_every_setting_as_it_is() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text()
    assert page.endswith(tables()), "its end is the output of: python -m node.config.sample tables"
    assert all(f"`{key}`" in page for key in SETTINGS)


def test_setting_a_value_keeps_comments_and_mode(tmp_path: Path) -> None:
    path = write(tmp_path, "# mine\n[bundle]\nthreshold = 3  # few\n")
    path.chmod(0o600)
    set_value(path, "bundle.threshold", "5")
    set_value(path, "filing.labels", "a,b")
    text = path.read_text()
    assert "# mine" in text
    assert "threshold = 5  # few" in text
    assert path.stat().st_mode & 0o777 == 0o600
    assert load(path, NOTHING).config.filing.labels == ("a", "b")
    assert [each.name for each in tmp_path.iterdir()] == ["config.toml"]


@pytest.mark.parametrize(
    ("before", "key", "value", "after"),
    [
        ("", "bundle.services.web.threshold", "3", {"bundle": {"services": {"web": {"threshold": 3}}}}),
        ("", "bundle.services.a.b.critical", "1", {"bundle": {"services": {"a.b": {"critical": 1}}}}),
        ("", "bundle.services.web", "high=2", {"bundle": {"services": {"web": {"high": 2}}}}),
        ("", "github.routes.shop.eu", "me/shop", {"github": {"routes": {"shop.eu": "me/shop"}}}),
        ("", "bundle.thresholds.high", "2", {"bundle": {"thresholds": {"critical": 1, "high": 2}}}),
        ("[bundle]\nthresholds = {}\n", "bundle.thresholds.high", "2", {"bundle": {"thresholds": {"high": 2}}}),
        *(
            (before, "bundle.services.web.threshold", "3", {"bundle": {"services": {"web": {"threshold": 3}}}})
            for before in ("bundle = {}\n", "[bundle]\nservices = {}\n", "bundle.services = {}\n")
        ),
        (
            "[bundle.services.web]\nhigh = 9\n[log]\n",
            "bundle.services.web.threshold",
            "3",
            {"bundle": {"services": {"web": {"high": 9, "threshold": 3}}}, "log": {}},
        ),
    ],
)
def test_an_entry_of_a_table_is_set_by_its_own_key(
    tmp_path: Path, before: str, key: str, value: str, after: object
) -> None:
    path = write(tmp_path, f"# mine\n{before}")
    set_value(path, key, value)
    assert tomllib.loads(path.read_text()) == after
    assert path.read_text().startswith("# mine\n")
    assert load(path, NOTHING)


def test_what_cannot_be_set_beside_what_stands_there_is_left_to_its_owner(tmp_path: Path) -> None:
    path = write(tmp_path, text := "[bundle]\nservices.api.high = 9\n")
    with pytest.raises(ConfigError, match=r"bundle.services.web.threshold cannot be set beside .*: edit it by hand"):
        set_value(path, "bundle.services.web.threshold", "3")
    assert path.read_text() == text


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("bundle.services.web.threshold", "many", 'is "many": expected a whole number from 1'),
        ("bundle.services.web.treshold", "3", "is no setting: bundle.services holds a table per service, of threshold"),
        ("bundle.service.web.threshold", "3", "did you mean bundle.services.web.threshold\\?"),
        ("bundle.thresholds.fatal", "2", "is no setting: bundle.thresholds holds a table of severity = occurrences"),
        ("github.routes.web", "shop", 'is "shop": expected "owner/repository"'),
        ("bundle.threshold.web", "3", "did you mean"),
    ],
)
def test_an_entry_of_a_table_that_cannot_be_is_refused_with_what_can(
    tmp_path: Path, key: str, value: str, words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        set_value(tmp_path / "config.toml", key, value)
    assert not (tmp_path / "config.toml").exists()


def test_a_bad_value_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "new" / "config.toml"
    with pytest.raises(ConfigError, match="expected a whole number"):
        set_value(path, "bundle.threshold", "many")
    with pytest.raises(ConfigError, match="is no setting"):
        set_value(path, "bundle.treshold", "3")
    with pytest.raises(ConfigError, match="never kept in a file"):
        set_value(path, "github.repository", "ghp_0123456789abcdefghij")
    assert not path.exists()


def test_a_new_file_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "new" / "config.toml"
    set_value(path, "bundle.interval", "5m")
    assert path.stat().st_mode & 0o777 == 0o600
    assert load(path, NOTHING).config.bundle.interval == 300.0


def test_where_the_node_is_a_service_root_and_its_user_mean_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["node.config.places"], "service_user", lambda: 997)
    environment = {"HOME": "/root", "XDG_RUNTIME_DIR": "/run/user/0"}
    for user in (0, 997):
        place = places(Config(), environment, user=user)
        assert place.directory == Path("/var/lib/error-aggregator")
        assert place.control == Path("/run/error-aggregator/control.sock")
    other = places(Config(), {"HOME": "/home/a", "XDG_RUNTIME_DIR": "/run/user/1"}, user=1)
    assert other.control == Path("/run/user/1/error-aggregator/control.sock")


def test_places_follow_user_and_environment(tmp_path: Path) -> None:
    root = places(Config(), {}, user=0)
    assert str(root.directory) == "/var/lib/error-aggregator"
    assert str(root.ingest) == "/run/error-aggregator/ingest.sock"
    user = places(Config(), {"HOME": "/home/a", "XDG_RUNTIME_DIR": "/run/user/1"}, user=1)
    assert str(user.directory) == "/home/a/.local/state/error-aggregator"
    assert str(user.control) == "/run/user/1/error-aggregator/control.sock"
    told = places(Config(), {"AGGREGATOR_SOCKET": "/tmp/x/in.sock"}, user=1)
    assert str(told.datagram) == "/tmp/x/datagram.sock"
