"""A GitHub App: its key becomes a token that GitHub gives for an hour, and doubts about that are none about a write."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from aggregator.filing.calls import CreateIssue, NotSent
from node.clock import SystemClock
from node.github import App, Client, GitHub, find_token
from tests.stage.github_world import SHOP, World, github_world

CREATE = CreateIssue(SHOP, "It broke", "body", ())


@pytest.fixture
async def world() -> AsyncGenerator[World]:
    async with github_world() as made:
        yield made


async def app(world: World, folder: Path) -> Client:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form, plain = serialization.PublicFormat.SubjectPublicKeyInfo, serialization.NoEncryption()
    public = key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()
    made = await world.control("POST", "/apps", public_key=public)
    path = folder / "app.pem"
    path.touch(mode=0o600)
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    token = await find_token({"PATH": "/nowhere"}, App(made["app_id"], made["installation_id"], path))
    assert token is not None
    client = Client(
        token,
        SystemClock(),
        base_url=world.standin.url,
        seconds_between_requests=0.0,
        seconds_between_writes=0.0,
        backoff=0.0,
    )
    world.clients.append(client)
    return client


async def test_an_app_files_under_its_own_name(world: World, tmp_path: Path) -> None:
    github = GitHub(await app(world, tmp_path), SystemClock())
    made = await github.perform(CREATE)
    assert made.author == "error-aggregator[bot]"
    assert await github.login() == "error-aggregator[bot]"
    assert len(await world.asked("POST", "/access_tokens")) == 1


@pytest.mark.parametrize("fault", ["FLT-01", "FLT-02", "FLT-03"])
async def test_a_write_before_which_no_token_is_given_was_surely_not_sent(
    world: World, tmp_path: Path, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await app(world, tmp_path)
    github = GitHub(client, SystemClock())
    await github.facts(SHOP)
    monkeypatch.setattr("github.Auth.AppInstallationAuth._is_expired", True)
    await world.fault(fault, "POST", "*/access_tokens")
    with pytest.raises(NotSent):
        await github.perform(CREATE)
    assert await world.asked("POST", "/issues") == []
