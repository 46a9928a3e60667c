"""The name of an error: `s1-` and 32 hex digits, a function of the record alone.

Names are versioned, and a version is frozen once it has shipped: changing what it hashes would file every known error
anew. A change makes a new version beside the old one. A node understands its own version and the one before.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from types import MappingProxyType

from aggregator.record import ErrorRecord
from aggregator.signature import v1
from aggregator.signature.explain import Explanation, Step, explain
from aggregator.signature.parameterise import Rules, parameterise
from aggregator.signature.patterns import RULES
from aggregator.signature.v1 import Signed

__all__ = [
    "CURRENT",
    "RULES",
    "VERSIONS",
    "Explanation",
    "Rules",
    "Signed",
    "Step",
    "agreed",
    "explain",
    "parameterise",
    "sign",
    "version_of",
]

CURRENT = "s1"
VERSIONS: MappingProxyType[str, Callable[[ErrorRecord, Rules | None], Signed]] = MappingProxyType({v1.VERSION: v1.sign})


def sign(record: ErrorRecord, rules: Rules | None = None, version: str = CURRENT) -> Signed:
    """The names of `record`. `rules`: what its service switched off. Raises `KeyError` for an unknown version."""
    return VERSIONS[version](record, rules)


def agreed(mine: Sequence[str], others: Iterable[Collection[str]]) -> str:
    """The version to write: the newest of `mine` (oldest first) that all `others` who are there say that they read."""
    said = list(others)
    return next((v for v in reversed(mine) if all(v in reads for reads in said)), mine[0])


def version_of(name: str) -> str:
    """The version that a name says it was made by; it need not be a known one."""
    return name.partition("-")[0]
