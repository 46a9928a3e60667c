"""The configuration: TOML and environment, and the files of earlier tools."""

import tempfile
from pathlib import Path

from node.config.earlier import from_file
from node.config.edit import plain_value, set_value
from node.config.file import load
from node.config.sample import sample
from node.config.sections import SETTINGS, Config, value_of
from node.config.words import ConfigError
from tests.fuzz.laws import short

LINES = 64  # of one error
VARIABLES = sorted(setting.variable for setting in SETTINGS.values())


def configuration(data: bytes) -> None:
    """TOML; behind a NUL, variables: each a byte that says which, and its value up to the next NUL."""
    content, *more = data.split(b"\0")
    given = {VARIABLES[each[0] % len(VARIABLES)]: each[1:].decode(errors="replace") for each in more if each}
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "c.toml"
        path.write_bytes(content)
        try:
            loaded = load(path, given)
        except ConfigError as why:
            _told(str(why), str(path), given)
            return
    for key, setting in SETTINGS.items():
        value = value_of(loaded.config, key)
        assert setting.kind.read(setting.kind.write(value)) == value, key
    if not given:
        _still_the_same_after_a_change(content, loaded.config)


def _still_the_same_after_a_change(content: bytes, before: Config) -> None:
    """`set` changes one key, and no other, whatever the file looks like."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "c.toml"
        path.write_bytes(content)
        set_value(path, "bundle.threshold", 7)
        after = load(path, {}).config
    for key in SETTINGS:
        assert value_of(after, key) == (7 if key == "bundle.threshold" else value_of(before, key)), key


def earlier(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "settings"
        path.write_bytes(data)
        try:
            found = from_file(path)
        except ConfigError as why:
            _told(str(why), str(path), {})
            return
    for key, value in found.values.items():
        try:
            plain_value(key, value)
        except ConfigError as why:
            short(str(why))


def _told(text: str, path: str, given: dict[str, str]) -> None:
    lines = text.splitlines()
    assert len(lines) <= LINES
    for line in lines:
        short(line.removeprefix(path))
        assert line.startswith((path, *given)) or "more" in line, line


TOML = (
    sample().encode(),
    b'[filing]\nissues = true\nlabels = ["a", "b"]\n[bundle]\nwindow = "1h30m"\n[bundle.services.web]\nthreshold = 5\n',
    b'[github]\nrepository = "a/b"\n[retention]\nsize = "512MiB"\n[ingest]\nsocket_mode = "0660"\n'
    b"\0\x03x\0\x10true\0\x20a=1,b=2",
    b'a = [[[[[[[[]]]]]]]]\nb = 1979-05-27T07:32:00Z\nc = 0xffffffff\nd = inf\n"" = {a.b = 1}\n',
)
EARLIER = (
    b'{"enabled": true, "github_repo": "a/b", "max_log_lines": 50, "issue_labels": ["x"], "auto_create_issues": false}',
    b"auto_healing:\n  enabled: true\n  min_confidence: 70\n  rate_limits: {max_prs_per_hour: 10}\n"
    b"notifications: &a [*a]\n",
    b"enabled: yes\n? [a, b]\n: !!set {c}\nx: 2001-12-14t21:59:43.10-05:00\ny: !!python/object:os.system x\nz: <<\n",
)
