"""Where the token comes from: the first source that has one, named, and never shown."""

import copy
import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import trio

from node.github import App, BadToken, Kind, Secret, Token, find_token

VALUE = "ghp_" + "Zz9" * 12
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----\n"


def gh(folder: Path, script: str) -> str:
    """A `gh` that does what `script` says; returns a PATH with it alone."""
    path = folder / "gh"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return f"{folder}:/usr/bin:/bin"


@pytest.fixture(autouse=True)
def _a_busy_machine_may_take_long_to_run_gh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.github.token.GH_SECONDS", 60.0)


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """An environment in which every source has a token of its own."""
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "github-token").write_text("ghp_credential" + "a" * 26 + "\n")
    (credentials / "github-app-key").write_text(PEM)
    return {
        "CREDENTIALS_DIRECTORY": str(credentials),
        "GITHUB_TOKEN": "github_pat_environment" + "a" * 60,
        "GH_TOKEN": "gho_environment" + "a" * 30,
        "PATH": gh(tmp_path, "echo ghu_cli" + "a" * 33),
    }


async def test_sources_are_asked_in_order_and_named(machine: dict[str, str]) -> None:
    found: list[Token] = []
    for remove in ("credential", "GITHUB_TOKEN", "GH_TOKEN", "PATH", None):
        token = await find_token(machine, App(1, 2))
        assert token is not None
        found.append(token)
        if remove == "credential":
            await trio.Path(machine["CREDENTIALS_DIRECTORY"], "github-token").unlink()
        elif remove == "PATH":
            machine["PATH"] = "/nowhere"
        elif remove:
            del machine[remove]
    assert [token.source.split(" /")[0] for token in found] == [
        "systemd credential github-token",
        "environment variable GITHUB_TOKEN",
        "environment variable GH_TOKEN",
        "gh auth token",
        "GitHub App key",
    ]
    kinds = [Kind.CLASSIC, Kind.FINE_GRAINED, Kind.OAUTH, Kind.USER_TO_SERVER, Kind.APP]
    assert [token.kind for token in found] == kinds


async def test_no_source_is_no_token() -> None:
    assert await find_token({"PATH": "/nowhere", "GITHUB_TOKEN": "  "}) is None


@pytest.mark.parametrize("script", ["exit 1", "echo", "echo secret-on-stderr >&2; exit 4"])
async def test_a_gh_that_is_not_logged_in_is_no_source(tmp_path: Path, script: str) -> None:
    assert await find_token({"PATH": gh(tmp_path, script)}) is None


async def test_a_gh_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.github.token.GH_SECONDS", 0.2)
    assert await find_token({"PATH": gh(tmp_path, "exec sleep 60")}) is None


async def test_gh_is_asked_for_the_host_that_is_filed_to(tmp_path: Path) -> None:
    token = await find_token({"PATH": gh(tmp_path, 'echo "ghp_$4"')}, host="github.example")
    assert token is not None
    assert token.secret.reveal() == "ghp_github.example"


@pytest.mark.parametrize("text", ["two words", "ghp_a\nghp_b", "ghp_\u00e9", "g" * 5000, "ghp_a\x00"])
async def test_what_cannot_be_a_token_is_refused_by_source_and_without_its_value(text: str) -> None:
    with pytest.raises(BadToken, match="environment variable GITHUB_TOKEN") as caught:
        await find_token({"GITHUB_TOKEN": text})
    assert text not in str(caught.value)


async def test_an_installation_token_with_a_web_token_inside_is_taken_whole() -> None:
    value = "ghs_123456_eyJ" + "a-b_" * 120 + ".eyJ" + "c" * 20 + ".d"
    token = await find_token({"GITHUB_TOKEN": value})
    assert token is not None
    assert (token.kind, token.secret.reveal()) == (Kind.INSTALLATION, value)


async def test_an_app_key_that_others_may_read_is_refused_with_the_remedy(tmp_path: Path) -> None:
    key = tmp_path / "app.pem"
    key.write_text(PEM)
    key.chmod(0o644)
    with pytest.raises(BadToken, match="chmod 600"):
        await find_token({"PATH": "/nowhere"}, App(1, 2, key))
    key.chmod(0o600)
    token = await find_token({"PATH": "/nowhere"}, App(1, 2, key))
    assert token is not None
    assert token.secret.reveal() == PEM


@pytest.mark.parametrize("content", [None, "ghp_this_is_no_key"])
async def test_an_app_without_a_usable_key_is_refused_with_the_remedy(tmp_path: Path, content: str | None) -> None:
    key = tmp_path / "app.pem"
    if content is not None:
        key.write_text(content)
        key.chmod(0o600)
    with pytest.raises(BadToken, match=r"app\.pem") as caught:
        await find_token({"PATH": "/nowhere"}, App(1, 2, key))
    assert "ghp_" not in str(caught.value)


def test_a_secret_shows_itself_only_when_asked() -> None:
    secret = Secret(VALUE)
    token = Token("test", Kind.CLASSIC, secret)
    shown = [repr(secret), str(secret), f"{secret}", "%s" % secret, repr(token), str([token]), repr(vars(token))]  # noqa: UP031
    assert not [text for text in shown if VALUE in text]
    assert secret.reveal() == VALUE
    assert replace(token, source="elsewhere").secret is secret


def test_a_secret_is_neither_pickled_nor_copied() -> None:
    for carry in (pickle.dumps, copy.deepcopy, copy.copy):
        with pytest.raises(TypeError):
            carry(Secret(VALUE))
