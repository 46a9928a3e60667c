"""Two errors are one, or not: the golden pairs, and what the names promise."""

import itertools
import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.record import ErrorRecord, ExceptionInfo, Frame, decode, encode
from aggregator.redact import redact_text
from aggregator.signature import CURRENT, RULES, VERSIONS, Rules, Signed, explain, sign, version_of
from tests.pure.strategies import hostile

PAIRS = [json.loads(line) for line in (Path(__file__).parent / "data" / "pairs.jsonl").read_text().splitlines()]


def record(data: dict[str, Any]) -> ErrorRecord:
    return msgspec.convert(data, ErrorRecord).check()


def error(message: str = "order 17 has no owner", kind: str = "ValueError", **more: Any) -> ErrorRecord:
    frames = more.pop("frames", [Frame("main", "shop.cli", "/srv/shop/cli.py", 3), Frame("load", "shop.orders", "", 7)])
    return ErrorRecord(message=message, exceptions=[ExceptionInfo(kind, frames=frames)], **more)


def test_the_golden_pairs_meet_and_part_as_labelled(capsys: pytest.CaptureFixture[str]):
    splits: list[str] = []
    merges: list[str] = []
    for pair in PAIRS:
        same = sign(record(pair["a"])).name == sign(record(pair["b"])).name
        if same != pair["meet"]:
            what = f"{pair['kind']}: {pair['a']['message']!r}, {pair['b']['message']!r}"
            (splits if pair["meet"] else merges).append(what)
    meet = sum(pair["meet"] for pair in PAIRS)
    with capsys.disabled():
        print(f"\nfalsely split: {len(splits)} of {meet}; falsely merged: {len(merges)} of {len(PAIRS) - meet}")
    assert not splits
    assert not merges
    assert len(PAIRS) >= 140


def test_the_golden_pairs_cover_every_sort():
    kinds = {pair["kind"] for pair in PAIRS}
    assert {"lines", "checkout", "virtualenv, Python", "library frames added", "middleware added", "source"} <= kinds
    assert {
        "another raising function",
        "another type",
        "template",
        "uuid",
        "hex",
        "peer",
        "path",
        "quoted",
        "temp",
    } <= kinds


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair["kind"])
def test_a_name_has_its_form_and_a_title_its_length(pair: dict[str, Any]):
    for signed in (sign(record(pair["a"])), sign(record(pair["b"]))):
        assert re.fullmatch(r"s1-[0-9a-f]{32}", signed.name)
        assert re.fullmatch(r"[sm]1-[0-9a-f]{32}", signed.root)
        assert re.fullmatch(r"([0-9a-f]{16})?", signed.kin)
        assert 0 < len(signed.title) <= 120
        assert "\n" not in signed.title


@pytest.mark.parametrize(
    "pair", [pair for pair in PAIRS if pair["meet"] and "fingerprint" not in pair["a"]], ids=lambda p: p["kind"]
)
def test_what_meets_has_one_root_kin_and_title(pair: dict[str, Any]):
    a, b = sign(record(pair["a"])), sign(record(pair["b"]))
    assert (a.root, a.kin, a.where, a.template) == (b.root, b.kin, b.where, b.template)
    assert a.title == b.title


def test_names_stay_what_they_were_when_the_version_shipped():
    assert sign(error()).name == FROZEN[0]
    assert sign(ErrorRecord(message="disk full")).name == FROZEN[1]
    assert sign(error("No module named 'yaml'", "ModuleNotFoundError")).root == FROZEN[2]


FROZEN = (
    "s1-0446c648bc08f642a865f5569826dcb8",
    "s1-069c3123d7ba51f1d028f3d5ac3d3a68",
    "m1-fb83964f9764ace91e24b116a33b7da0",
)


def test_a_signature_that_travelled_is_the_same():
    assert sign(decode(encode(error()))) == sign(error())


def test_a_record_and_its_redacted_copy_have_one_name():
    raw = "login of bob failed: password=" + "hunter" + "2, retry"
    assert sign(error(raw)) == sign(error(redact_text(raw)))
    assert "hunter" not in sign(error(raw)).title


def test_the_title_names_type_template_and_function():
    assert sign(error()).title == "ValueError: order <n> has no owner in load"
    assert sign(ErrorRecord(message="disk 3 is full")).title == "Error: disk <n> is full"
    assert sign(error("", type="ValueError")).title == "ValueError in load"


def test_related_errors_share_their_kin():
    assert sign(error("a b")).kin == sign(error("c d")).kin
    assert sign(error("a b")).name != sign(error("c d")).name
    assert sign(error(kind="TypeError")).kin != sign(error()).kin


# --- roots

MISSING = [
    ("ModuleNotFoundError", "No module named 'yaml'", "module yaml"),
    ("ModuleNotFoundError", "No module named 'yaml.cyaml'; 'yaml' is not a package", "module yaml"),
    ("ImportError", "No module named yaml", "module yaml"),
    ("Error", "/usr/bin/python3: No module named yaml", "module yaml"),
    ("Error", "Traceback (most recent call last):\n  x\nModuleNotFoundError: No module named 'yaml'", "module yaml"),
    ("Error", "Cannot find module 'express'", "module express"),
    ("Error", "Cannot find package '@scope/thing' imported from /x", "module @scope/thing"),
    ("Error", "bash: line 1: ffmpeg: command not found", "command ffmpeg"),
    ("Error", "/bin/sh: 1: ffmpeg: not found", "command ffmpeg"),
    ("Error", "zsh: command not found: ffmpeg", "command ffmpeg"),
    ("Error", "command not found: ffmpeg", "command ffmpeg"),
    ("Error", "make: ffmpeg: Command not found", "command ffmpeg"),
    ("Error", "/usr/bin/env: 'ffmpeg': No such file or directory", "command ffmpeg"),
    ("Error", "'ffmpeg' is not recognized as an internal or external command", "command ffmpeg"),
    ("Error", 'exec: "ffmpeg": executable file not found in $PATH', "command ffmpeg"),
    ("GitCommandNotFound", "Cmd('git') not found due to: x", "command git"),
]
PRESENT = [
    ("ValueError", "order 17 not found"),
    ("KeyError", "'id'"),
    ("ValueError", "user: not found in table"),
    ("FileNotFoundError", "[Errno 2] No such file or directory: 'ffmpeg'"),
    ("ImportError", "cannot import name 'x' from 'yaml'"),
    ("Error", "Cannot find module './local'"),
    ("HTTPError", "404 Client Error: Not Found for url: https://example.org/"),
]


@pytest.mark.parametrize(("kind", "message", "what"), MISSING)
def test_what_is_missing_makes_the_root_wherever_it_was_missed(kind: str, message: str, what: str):
    here = error(message, kind)
    there = error(message, kind, frames=[Frame("other", "elsewhere")])
    assert sign(here).root == sign(there).root
    assert sign(here).root.startswith("m1-")
    assert sign(here).name != sign(there).name
    assert ("missing", what) in explain(here).steps


@pytest.mark.parametrize(("kind", "message"), PRESENT)
def test_everything_else_is_its_own_root(kind: str, message: str):
    signed = sign(error(message, kind))
    assert signed.root == signed.name


def test_all_ways_to_miss_a_thing_have_one_root_and_modules_and_commands_differ():
    roots = {what: {sign(error(m, k)).root for k, m, w in MISSING if w == what} for _, _, what in MISSING}
    assert all(len(found) == 1 for found in roots.values())
    assert len({root for found in roots.values() for root in found}) == len(roots)
    assert sign(error("No module named 'git'", "ImportError")).root not in roots["command git"]


def test_a_program_that_cannot_be_started_is_a_missing_command():
    frames = [Frame("run", "shop.video"), Frame("_execute_child", "subprocess", "/usr/lib/python3.11/subprocess.py")]
    started = error("[Errno 2] No such file or directory: 'ffmpeg'", "FileNotFoundError", frames=frames)
    assert sign(started).root == sign(error("sh: ffmpeg: command not found")).root
    other = error("[Errno 2] No such file or directory: '/no/such/dir'", "FileNotFoundError", frames=frames)
    assert not sign(other).root.startswith("m1-")


def test_a_cause_says_what_is_missing_and_a_context_does_not():
    def chained(link: str) -> ErrorRecord:
        chain = [
            ExceptionInfo("SetupError"),
            msgspec.convert({"type": "ModuleNotFoundError", "link": link}, ExceptionInfo),
        ]
        return ErrorRecord(message="install the extra", exceptions=chain, messages=["No module named 'yaml'"])

    assert sign(chained("cause")).root.startswith("m1-")
    assert not sign(chained("context")).root.startswith("m1-")


def test_a_fingerprint_is_its_own_root():
    signed = sign(error("No module named 'yaml'", "ModuleNotFoundError", fingerprint=["mine"]))
    assert signed.root == signed.name


@pytest.mark.parametrize("parts", [[""], [" "], ["{{ default }}", ""]])
def test_empty_parts_of_a_fingerprint_do_not_count(parts: list[str]):
    given_parts = [part for part in parts if part.strip()]
    assert sign(error(fingerprint=parts)) == sign(error(fingerprint=given_parts))


def test_the_default_extends_however_it_is_spaced():
    assert sign(error(fingerprint=["{{default}}", "x"])) == sign(error(fingerprint=["{{ default }}", "x"]))
    assert sign(error(fingerprint=["default"])) != sign(error(fingerprint=["{{ default }}"]))


# --- rules, versions, explain


def test_a_service_can_keep_numbers_apart():
    rules = Rules(off=frozenset({"number"}))
    a, b = error("HTTP 404 from billing"), error("HTTP 500 from billing")
    assert sign(a).name == sign(b).name
    assert sign(a, rules).name != sign(b, rules).name


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_can_be_switched_off(rule: str):
    signed = sign(error("x 17 'q' 10.0.0.1:80 /a/b"), Rules(off=frozenset({rule})))
    assert signed.name.startswith("s1-")


def test_an_unknown_rule_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"unknown rule 'colour': expected one of .*number"):
        Rules(off=frozenset({"colour"}))


def test_the_registry_knows_the_current_version():
    assert CURRENT in VERSIONS
    assert version_of(sign(error()).name) == CURRENT
    with pytest.raises(KeyError):
        sign(error(), version="s0")


def test_explain_shows_every_step():
    frames = [
        Frame("_run", "runpy", "/usr/lib/python3.11/runpy.py"),
        Frame("main", "shop.cli", "/srv/shop/cli.py", 3),
        Frame("get", "requests.api", "/v/lib/python3.11/site-packages/requests/api.py"),
    ]
    explained = explain(error("order 17 of 'bob' is gone", frames=frames))
    steps = [f"{name}: {text}" for name, text in explained.steps]
    assert "type: ValueError" in steps
    assert "frame: runpy._run: interpreter, and there are frames of the program" in steps
    assert "frame: shop.cli.main: counts" in steps
    assert "frame: requests.api.get: library, and there are frames of the program" in steps
    assert "message: order 17 of 'bob' is gone" in steps
    assert "value: number: 17 -> <n>" in steps
    assert "value: quoted: 'bob' -> <q>" in steps
    assert "template: order <n> of <q> is gone" in steps
    assert "hashed: frame: shop.cli main" in steps
    assert f"name: {explained.signed.name}" in steps
    assert explained.signed == sign(error("order 17 of 'bob' is gone", frames=frames))


@given(hostile, hostile, hostile, hostile)
def test_any_record_has_a_name_and_an_explanation(message: str, kind: str, function: str, file: str):
    data = ErrorRecord(
        message=message,
        type=kind or "x",
        exceptions=[ExceptionInfo(kind, function, frames=[Frame(function, "", file), Frame(file, function, message)])],
        fingerprint=[function, file],
    )
    signed = sign(data)
    assert explain(data).signed == signed
    assert 0 < len(signed.title) <= 120
    assert len(signed.title.splitlines()) == 1
    signed.title.encode()


@given(st.lists(st.sampled_from("abcde"), min_size=1, max_size=30))
def test_a_recursion_of_any_shape_ends_where_it_was_raised(path: list[str]):
    signed = sign(error(frames=[Frame(name, "m", "/srv/m.py") for name in path]))
    assert signed.where == path[-1]
    twice = [name for name, _ in itertools.groupby(path)]
    assert sign(error(frames=[Frame(name, "m", "/srv/m.py") for name in twice])).name == signed.name


def test_signed_is_frozen():
    with pytest.raises(AttributeError):
        setattr(sign(error()), "name", "x")  # noqa: B010
    assert isinstance(sign(error()), Signed)


def test_only_what_has_a_place_has_kin():
    assert len(sign(error()).kin) == 16
    assert sign(ErrorRecord(message="disk full", type="DiskError")).kin == ""
