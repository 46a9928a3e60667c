"""The claim: a git ref that gives one process the sole right to create one issue.

`refs/error-aggregator/issue/<root>` points at a commit whose message is this value as JSON. Creating a ref, and
fast-forwarding it, are GitHub's only documented atomic steps: of many who try, one succeeds. So who creates the ref, or
moves it on from a commit that nobody else moved, may act; nobody else may.

    (no ref) ──create──▶ creating ──▶ filed n
                            │  ▲
             surely not sent│  │anyone, at once
                            ▼  │
                         released          creating ──takeover, by age──▶ creating (attempt + 1)
                                           filed n ──refile──▶ creating (generation + 1)

*Filed* absorbs: whoever knows the number may put it on top of any *creating* head.
"""

from typing import Literal

import msgspec

PREFIX = "refs/error-aggregator/issue/"
VERSION = 1

State = Literal["creating", "released", "filed"]


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What the commit at the head of a claim says. `sha` and `parent` are the commit's own, not part of the message."""

    repository: str
    root: str
    nonce: str  # drawn by the process for this attempt
    node: str  # peer id
    login: str  # of the token
    attempt: int
    state: State
    floor: int  # highest issue number seen before the first attempt of this generation
    at: float  # Unix seconds on the writer's clock; the commit's date, never compared with another clock
    generation: int = 0
    number: int = 0  # of the issue, once filed
    adopted: bool = False  # the issue is somebody else's
    version: int = VERSION
    sha: str = ""
    parent: str = ""

    def message(self) -> str:
        """The commit message: the same value always gives the same text."""
        plain = msgspec.structs.replace(self, sha="", parent="")
        return msgspec.json.encode(plain, order="deterministic").decode()

    def next(self, *, nonce: str, node: str, login: str, at: float) -> "Claim":
        """The next attempt on top of this head, by another process or by this one anew."""
        return msgspec.structs.replace(
            self,
            nonce=nonce,
            node=node,
            login=login,
            at=at,
            attempt=self.attempt + 1,
            state="creating",
            number=0,
            parent=self.sha,
            sha="",
        )

    def released(self, at: float) -> "Claim":
        """The claim given back: surely nothing was created under it."""
        return msgspec.structs.replace(self, state="released", at=at, parent=self.sha, sha="")

    def filed(self, number: int, at: float, *, adopted: bool = False) -> "Claim":
        """The claim with its issue."""
        return msgspec.structs.replace(
            self, state="filed", number=number, adopted=adopted, at=at, parent=self.sha, sha=""
        )


_claims = msgspec.json.Decoder(Claim)


def read_claim(message: str, sha: str) -> Claim | None:
    """The claim in a commit message; None when it is none of ours."""
    try:
        claim = _claims.decode(message.strip())
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return msgspec.structs.replace(claim, sha=sha, parent="") if _sound(claim) else None


def _sound(claim: Claim) -> bool:
    numbers = claim.attempt >= 1 and claim.floor >= 0 and claim.generation >= 0
    return numbers and bool(claim.nonce) and (claim.number > 0) == (claim.state == "filed")


def ref(root: str) -> str:
    """The full name of a root's claim."""
    return PREFIX + root
