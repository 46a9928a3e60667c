"""Secrets go, everything else stays, and redacting twice is redacting once."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import limits
from aggregator.redact import (
    REDACTED,
    home_to_tilde,
    redact_command,
    redact_environment,
    redact_lines,
    redact_text,
    redact_value,
    sensitive,
)
from tests.pure.secrets import FORMS, NAMES, SHAPES, VALUES, alnum, pem

BENIGN = [
    "KEYBOARD=us",
    "keyword: value",
    "keyword argument repeated: timeout",
    "author: Jane Doe",
    "GIT_AUTHOR_NAME is Jane",
    "tokenizer=bert-base-uncased",
    "tokenization: done in 3 s",
    "KeyError: 'id'",
    "KeyError: 'api_key'",
    "KeyError: user_id",
    "monkey=george, donkey: grey",
    "max_tokens=4096",
    "tokens: 512",
    "token_count=17, num_keys=3",
    "SyntaxError: Unexpected token: }",
    "Unexpected token < in JSON at position 0",
    "unexpected token: identifier",
    "InvalidTokenError: Signature has expired",
    "AuthenticationError: the server refused",
    "authentication: failed",
    "Access denied for user 'root'@'localhost' (using password: YES)",
    "password: required",
    "password=None",
    "token=${GITHUB_TOKEN}",
    "token = get_token()",
    "api_key=os.environ['API_KEY']",
    "sorted(items, key=operator.itemgetter(1))",
    "the --token option is required",
    "unrecognized arguments: --token",
    "missing key: name",
    'duplicate key value violates unique constraint "users_pkey"',
    "primary_key=42 not found",
    "foreign_key: 17",
    "connect to https://example.org:8443/path?x=1",
    "ssh://git@github.com/o/r.git",
    "https://bob@example.org/x",
    "http://localhost:8080/a@b",
    "mail to bob@example.org failed",
    "commit 3b18e512dba79e4c8300dd08aeb37f8e728b8dad not found",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "550e8400-e29b-41d4-a716-446655440000 is no such order",
    "duplicate key 550e8400-e29b-41d4-a716-446655440000",
    "peer 12D3KooWGzh7sBTFkmhnkPVrPkWpWFAJDCEtFYvL6KFzSPeTrSyk left",
    "basic authentication is off",
    "bearer of bad news",
    "No module named 'secrets'",
    "task-management-system-with-2-parts",
    "risk-assessment-of-type-7b-is-pending",
    "a == b, c != d, e >= f",
    "token == expected",
    "File \"/srv/app/auth.py\", line 12, in check_token",
    "secretary: Jane",
    "invalid literal for int() with base 10: 'abc'",
    "[Errno 2] No such file or directory: '/etc/keys/none.pem'",
    "-----BEGIN CERTIFICATE-----",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0 bob",
    "2024-01-02T03:04:05Z INFO app.auth: login of 42 users",
    "cookies: 3",
    "secret: false",
    "private: true",
    "mysql -p",
    "python -u main.py:12",
]  # fmt: skip

PLACES: dict[str, Callable[[str], str]] = {
    "text": lambda s: s,
    "log line": lambda s: f"2024-01-02 03:04:05,678 ERROR app.db worker-3: could not connect ({s}) after 3 tries",
    "argument": lambda s: f"Command '['tool', '--flag', '{s}']' returned non-zero exit status 1.",
    "URL": lambda s: f"GET https://example.org/x?q=1&v={s} failed",
    "JSON": lambda s: json.dumps({"message": f"failed: {s}", "n": 1}),
}


def leaks(secret: str, text: str) -> bool:
    return secret in text or any(secret[i : i + 12] in text for i in range(0, max(0, len(secret) - 11), 4))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("text", "secret"), SHAPES)
def test_no_shape_of_secret_survives_anywhere(text: str, secret: str, place: str):
    redacted = redact_text(PLACES[place](text))
    assert not leaks(secret, redacted), redacted
    assert REDACTED in redacted


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", NAMES)
def test_no_value_of_a_sensitive_name_survives(name: str, form: str, value: str):
    redacted = redact_text(f"before {form.format(name=name, value=value)} after")
    assert value not in redacted, redacted
    assert name in redacted
    assert redacted.startswith("before ")
    assert redacted.endswith(" after")


@pytest.mark.parametrize("text", BENIGN)
def test_what_is_no_secret_stays_as_it_is(text: str):
    assert redact_text(text) == text


# Words and pieces of which secrets and what surrounds them are made: random text hardly ever contains one.
MARKS = ["=", ": ", '"', "'", " ", "\n", "--", "://", "@", ":", "[", "]", "\\", "{", "}", ",", ";", "&", "<", ">", "</"]
STARTS = ["Bearer ", "Basic ", "Authorization", "Cookie", "curl -u ", "mysql -p", "password", "%3D", "key", "()", "x"]
PIECES = st.sampled_from([*(text for text, _ in SHAPES), *NAMES, *VALUES, *MARKS, *STARTS, "[redacted]", pem()[-30:]])


@given(st.lists(PIECES | st.text(max_size=8), max_size=12).map("".join))
def test_redacting_twice_is_redacting_once(text: str):
    once = redact_text(text)
    assert redact_text(once) == once


@given(st.text(max_size=200))
def test_any_text_is_taken(text: str):
    redact_text(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("401 for 'Authorization: Bearer ab12cd34'", "401 for 'Authorization: Bearer [redacted]'"),
        ('("Authorization: Basic ab12cd34=="), 3', '("Authorization: Basic [redacted]"), 3'),
        (r'{"sent": "Authorization: Token ab12cd34\"}"', r'{"sent": "Authorization: Token [redacted]\"}"'),
        ("Authorization: Bearer ab12'cd34 x", "Authorization: Bearer [redacted] x"),
    ],
)
def test_the_quote_around_a_header_stays(text: str, shown: str):
    assert redact_text(text) == shown


def test_a_key_over_several_log_lines_goes_and_their_number_stays():
    lines = ["before", *pem().splitlines(), "after it"]
    redacted = redact_lines(lines)
    assert len(redacted) == len(lines)
    assert (redacted[0], redacted[-1]) == ("before", "after it")
    assert not any(leaks(line, "\n".join(redacted)) for line in lines[2:-2])


def test_a_key_whose_first_lines_left_the_ring_goes_too():
    lines = [*pem().splitlines()[4:], "after it"]
    redacted = redact_lines(lines)
    assert not any(leaks(line, "\n".join(redacted)) for line in lines[:-2])
    assert redacted[-1] == "after it"


def test_a_key_that_was_cut_off_does_not_swallow_the_lines_after_it():
    lines = [*pem().splitlines()[:4], "Traceback (most recent call last):", "ValueError: bad"]
    assert redact_lines(lines)[-2:] == lines[-2:]
    assert redact_text("\n".join(lines)).endswith("ValueError: bad")


@pytest.mark.parametrize(
    ("argv", "shown"),
    [
        (["tool", "--password", "x"], ["tool", "--password", REDACTED]),
        (["tool", "--password=x y"], ["tool", "--password=" + REDACTED]),
        (["tool", "--api-key", "plain", "-v"], ["tool", "--api-key", REDACTED, "-v"]),
        (["/usr/bin/mysql", "-uroot", "-phunter"], ["/usr/bin/mysql", "-uroot", "-p" + REDACTED]),
        (["curl", "-u", "bob:pw", "https://x"], ["curl", "-u", "bob:" + REDACTED, "https://x"]),
        (["sshpass", "-p", "pw", "ssh"], ["sshpass", "-p", REDACTED, "ssh"]),
        (["env", "TOKEN=abc", "tool"], ["env", "TOKEN=" + REDACTED, "tool"]),
        (["tar", "-p", "x", "--keyboard", "us"], ["tar", "-p", "x", "--keyboard", "us"]),
        ([], []),
    ],
)
def test_a_command_line_keeps_its_form_and_loses_its_secrets(argv: list[str], shown: list[str]):
    assert redact_command(argv) == shown


def test_the_environment_is_what_was_allowed_and_never_what_is_sensitive():
    env = {
        "PATH": "/home/bob/bin:/usr/bin",
        "LANG": "C.UTF-8",
        "PYTHONPATH": "/srv/app",
        "HISTFILE": "/x",
        "PYTHON_KEYRING_BACKEND": "x",
        "API_TOKEN": "abc",
        "LC_ALL": "C",
    }
    assert redact_environment(env) == {
        "PATH": "~/bin:/usr/bin",
        "LANG": "C.UTF-8",
        "PYTHONPATH": "/srv/app",
        "LC_ALL": "C",
    }
    assert redact_environment(env, allow=["API_TOKEN", "HISTFILE", "P*"]).keys() == {"HISTFILE", "PATH", "PYTHONPATH"}


@pytest.mark.parametrize(
    "word", ["TOKEN", "SECRET", "PASSWORD", "KEY", "PASSPHRASE", "CREDENTIAL", "AUTH", "COOKIE", "DSN", "PRIVATE"]
)
def test_a_variable_with_a_sensitive_name_never_leaves(word: str):
    names = [word, f"A_{word}", f"{word}_B", f"a{word.lower()}b"]
    assert redact_environment(dict.fromkeys(names, "x"), allow=["*"]) == {}


def test_keyboard_and_keyword_are_no_keys():
    assert redact_environment({"KEYBOARD": "us", "XKB_KEYWORD": "x"}, allow=["*"]).keys() == {"KEYBOARD", "XKB_KEYWORD"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/home/bob/src/x.py", "~/src/x.py"),
        ('File "/Users/bob/x.py"', 'File "~/x.py"'),
        ("/root/x and /root", "~/x and ~"),
        (r"C:\Users\Bob Smith\x.py", r"~\x.py"),
        (r"'C:\\Users\\bob\\x.py'", r"'~\\x.py'"),
        ("file:///home/bob/x", "file://~/x"),
        ("/mnt/home/bob", "/mnt/home/bob"),
        ("/rootfs/x", "/rootfs/x"),
        ("https://example.org/home/bob", "https://example.org/home/bob"),
        ("a/home/b", "a/home/b"),
    ],
)
def test_home_directories_become_a_tilde(text: str, shown: str):
    assert home_to_tilde(text) == shown


def test_the_home_that_was_given_becomes_a_tilde_too():
    assert home_to_tilde("/srv/app/x /srv/app2", home="/srv/app") == "~/x /srv/app2"


def test_maps_and_lists_lose_their_secrets_at_every_level():
    value = {"user": "bob", "password": "x", "nested": [{"api_key": ["a", {"b": "c"}]}, "token=abc123", 7], "n": None}
    assert redact_value(value) == {
        "user": "bob",
        "password": REDACTED,
        "nested": [{"api_key": [REDACTED, {"b": REDACTED}]}, "token=" + REDACTED, 7],
        "n": None,
    }


def test_a_value_is_judged_by_the_name_it_is_stored_under():
    assert redact_value("x", key="client_secret") == REDACTED
    assert redact_value(1234, key="pin_token") == REDACTED
    assert redact_value(4096, key="max_tokens") == 4096
    assert redact_value("Jane", key="author") == "Jane"


def test_arguments_in_a_list_are_a_command_line():
    assert redact_value(["tool", "--password", "x"]) == ["tool", "--password", REDACTED]


class Broken:
    def __repr__(self) -> str:
        raise RuntimeError("no")


def test_a_value_that_cannot_be_shown_does_no_harm():
    assert redact_value({"x": Broken()}) == {"x": "<Broken without a repr>"}


def test_a_value_has_bounds():
    deep: Any = "x"
    for _ in range(100):
        deep = [deep]
    assert str(redact_value(deep)) == "[" * (limits.DEPTH - 1) + "'[cut]'" + "]" * (limits.DEPTH - 1)
    assert len(redact_value("x" * 100_000)) == limits.CONTEXT_CHARS
    assert len(redact_value(list(range(10_000)))) == limits.CONTEXT_ITEMS + 1
    assert len(redact_value({str(i): i for i in range(10_000)})) == limits.CONTEXT_ITEMS + 1


def test_a_token_at_the_end_of_a_cut_text_goes_too():
    assert alnum(36)[:12] not in redact_text("x " + "gh" + "p_" + alnum(36)[:12])


def test_everyday_words_are_not_sensitive():
    assert not any(
        map(sensitive, ["KEYBOARD", "keyword", "author", "tokenizer", "monkey", "secretary", "path", "bypass"])
    )
    assert all(map(sensitive, ["KEY", "apiKey", "X-Auth", "authorization", "dbPass", "db_pass", "Set-Cookie", "dsn"]))
