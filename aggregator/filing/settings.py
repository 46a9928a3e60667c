"""What the procedure must know of configuration, token and node: one frozen value, made once per run."""

from typing import Literal

import msgspec

OWN_LABEL = "error-aggregator"  # every issue of ours bears it; it is how they are listed

Regression = Literal["reopen", "new-linked", "comment"]


class Caps(msgspec.Struct, frozen=True):
    """New issues per repository, counted over the whole fleet from GitHub's own list."""

    hour: int = 20
    day: int = 50


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    node: str  # peer id
    login: str  # of the token
    marker_key: bytes
    takeover_age: float = 600.0  # seconds a claim must stay unchanged before another may take it over
    create_deadline: float = 20.0  # seconds from winning a claim to sending; far shorter than the takeover age
    relist_gap: float = 120.0  # seconds between the two lists before creating on a claim that was taken over
    missing_in_a_row: int = 20  # numbers that do not exist, before the scan by number believes it saw the end
    update_interval: float = 3600.0  # seconds between two updates of one issue's status
    closing_grace: float = 900.0  # seconds after closing in which an occurrence is no regression
    regression: Regression = "reopen"
    flap_limit: int = 3  # times an issue is reopened before it is left to a human
    caps: Caps = Caps()
    labels: tuple[str, ...] = ("bug", "severity:{severity}")  # besides our own
    title: str = "{type}: {message} in {function}"
    stack_trace: bool = True
    repositories: frozenset[str] = frozenset()  # that this fleet may write to, lower case

    def __repr__(self) -> str:
        return f"Settings(node={self.node!r}, login={self.login!r})"  # never the key
