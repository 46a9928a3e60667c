"""All targets by name, with what they are to begin from. Hypothesis and atheris feed the same functions."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from tests.fuzz import ingest, issues, nodes, requests, settings

KEPT = Path(__file__).parent / "kept"


class Target(NamedTuple):
    run: Callable[[bytes], None]  # raises where a law does not hold
    seeds: tuple[bytes, ...]


TARGETS: Mapping[str, Target] = {
    "conversation": Target(ingest.conversation, tuple(b"\xff" + seed for seed in ingest.SEEDS)),
    "spool": Target(ingest.spool, ingest.SEEDS),
    "page": Target(nodes.page, nodes.PAGES),
    "gossip": Target(nodes.gossip, nodes.GOSSIP),
    "question": Target(nodes.question, nodes.ASKED),
    "answers": Target(nodes.answers, nodes.ANSWERED),
    "chain": Target(nodes.chain, nodes.CHAINS),
    "token": Target(nodes.token, nodes.TOKENS),
    "body": Target(issues.body, issues.BODIES),
    "claim": Target(issues.claim, issues.CLAIMS),
    "configuration": Target(settings.configuration, settings.TOML),
    "earlier": Target(settings.earlier, settings.EARLIER),
    "request": Target(requests.request, requests.REQUESTS),
}


def kept(name: str) -> list[Path]:
    """What once broke a target."""
    return sorted((KEPT / name).glob("*"))
