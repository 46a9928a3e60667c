"""What `doctor` examines, put together: the node as it runs, or what a start would find."""

import importlib.metadata
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from aggregator import copies
from node.access import Access
from node.clock import Clock
from node.config import Config, Loaded, Places, places
from node.control.state import Finding
from node.doctor import Case, Company, TokenFacts, examine
from node.fleet import FleetError, FleetFile, load_fleet
from node.github import Kind, Token
from node.identity import Identity, IdentityError, load
from node.mesh import Mesh
from node.network import PINNED, test_address
from node.notification import find_targets
from node.outward import Outward
from node.store import StoreError

TEST_SECONDS = 5.0  # for one address
OF_APPS = frozenset({Kind.INSTALLATION, Kind.APP})


async def running(
    outward: Outward,
    mesh: Mesh | None,
    where: Places,
    storage: StoreError | None,
    services: Sequence[str],
    full: Sequence[str],
    offline: bool,
) -> list[Finding]:
    """Examine the node that this process is. `full`: kinds of rulings for which the book has no room."""
    company = _company_of(mesh) if mesh else None
    loaded, environment = outward.terms.loaded, outward.terms.environment
    case = _case(loaded, environment, where, outward.access, offline, running=True, company=company, services=services)
    return await examine(replace(case, storage=storage, full=full))


async def resting(loaded: Loaded, environment: Mapping[str, str], clock: Clock, offline: bool) -> list[Finding]:
    """Examine what this user's node would find if it started now."""
    where, access = places(loaded.config, environment), Access(environment, clock)
    await access.connect(loaded.config)
    company, trouble = None, ""
    try:
        node = load(where.directory / "key")
        file = load_fleet(where.directory, node.peer)
        company = _company_in(file, node, loaded.config, clock) if file else None
    except FileNotFoundError:
        pass  # a node that never started belongs to no fleet
    except (IdentityError, FleetError) as error:
        trouble = str(error)
    case = _case(loaded, environment, where, access, offline, company=company, company_trouble=trouble)
    return await examine(replace(case, user=_user_of(where.directory)))


def _user_of(directory: Path) -> int:
    """Whom a node would run as that is started here: root lets it be who owns the directory."""
    user = os.geteuid()
    try:
        return user or directory.stat().st_uid
    except OSError:
        return user


def _case(
    loaded: Loaded,
    environment: Mapping[str, str],
    where: Places,
    access: Access,
    offline: bool,
    *,
    running: bool = False,
    company: Company | None = None,
    company_trouble: str = "",
    services: Sequence[str] | None = None,
) -> Case:
    targets = find_targets(loaded, environment)
    return Case(
        config=loaded.config,
        places=where,
        user=os.getuid(),
        running=running,
        token=_facts(access.token) if access.token else None,
        token_trouble=access.trouble,
        github=None if offline else access.github,
        company=company,
        company_trouble=company_trouble,
        services=services,
        webhook_trouble=targets.trouble,
        webhook_file=loaded.path if loaded.path and targets.source.startswith(f"{loaded.path}:") else None,
        path=environment.get("PATH", os.defpath),
        libraries=(_installed("libp2p"), PINNED),
    )


def _facts(token: Token) -> TokenFacts:
    return TokenFacts(token.source, token.kind.value, token.kind not in OF_APPS)


def _company_of(mesh: Mesh) -> Company:
    async def test(address: str) -> str | None:
        return await mesh.network.test(address, TEST_SECONDS)

    return Company(
        name=mesh.name,
        addresses=mesh.addresses(),
        test=test,
        neighbours=mesh.neighbours(),
        others=len(mesh.roll.members()) - 1,
        clocks=mesh.clocks(),
        copied=copies.REMEDY if mesh.copied else "",
    )


def _company_in(file: FleetFile, node: Identity, config: Config, clock: Clock) -> Company:
    async def test(address: str) -> str | None:
        return await test_address(address, file.psks(clock.now())[0], node.private_bytes(), TEST_SECONDS)

    seeds = dict.fromkeys([*config.network.seeds, *file.seeds])
    return Company(name=file.name, addresses=[each for each in seeds if not each.endswith(node.peer)], test=test)


def _installed(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""
