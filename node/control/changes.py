"""What operators decide, as rulings of the book. A decision names its root by any unambiguous beginning.

| action | rulings |
|---|---|
| mute | `mute` root: forever, until a rate or until a release |
| unmute | `mute` root: withdrawn |
| forget | `drop` root: now; it is due again only by what occurs after this |
| refile | `never` root: withdrawn; `generation` root: one higher, so that it gets a new issue |
| merge | `edge` of two roots: they are one bug |
| split | `edge` of two roots, or all edges of one: withdrawn |
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import msgspec

from aggregator import limits, rulings
from aggregator.rulings import next_generation
from aggregator.tally import MAX_COUNT
from node.control.decided import find_root
from node.control.done import Ruled
from node.control.view import View

Rulings = list[tuple[str, str, Any]]


class Unknown(LookupError):
    """A name that stands for no error, or for several; the text says so."""


class BadRequest(ValueError):
    """A request that makes no sense; the text says why."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for, as it comes over the socket."""

    action: str
    subject: str
    other: str = ""  # merge, split
    until: str = "forever"  # mute: forever, rate, release
    count: Annotated[int, msgspec.Meta(ge=0, le=MAX_COUNT)] = 0  # mute until more than this occur in one window
    release: Annotated[str, msgspec.Meta(max_length=limits.NAME_CHARS)] = ""  # mute until it is seen in this release


async def decide(view: View, decision: Decision) -> Ruled:
    """Carry a decision out. Raises `Unknown` and `BadRequest`."""
    make = ACTIONS.get(decision.action)
    if make is None:
        raise BadRequest(f"{decision.action} is no decision: expected one of {', '.join(ACTIONS)}")
    root = named(view, decision.subject)
    if decision.action not in ("merge", "split"):
        root = rulings.canonical(view.known.book, root)
    made = make(view, root, decision)
    await view.rule(decision.action, root, made)
    value = made[0][2]
    return Ruled(decision.action, root, value, [f"{kind} {subject}" for kind, subject, _ in made])


def named(view: View, name: str) -> str:
    """The root that `name` stands for. Raises `Unknown`."""
    root = find_root(view, name)
    if root is None:
        raise Unknown(f"{name} names no error, or several: `aggregator errors` lists what is known")
    return root


def _mute(_view: View, root: str, decision: Decision) -> Rulings:
    if decision.until == "forever":
        return [("mute", root, {"until": "forever"})]
    if decision.until == "rate" and decision.count > 0:
        return [("mute", root, {"until": "rate", "count": decision.count})]
    if decision.until == "release" and decision.release:
        return [("mute", root, {"until": "release", "release": decision.release})]
    raise BadRequest("a mute lasts forever, until a count (above 0) in one window, or until a release")


def _unmute(_view: View, root: str, _decision: Decision) -> Rulings:
    return [("mute", root, None)]


def _forget(view: View, root: str, _decision: Decision) -> Rulings:
    return [("drop", root, int(view.now()))]


def _refile(view: View, root: str, _decision: Decision) -> Rulings:
    generation = next_generation(view.known.book, root)
    return [("never", root, None), ("generation", root, generation)]


def _merge(view: View, root: str, decision: Decision) -> Rulings:
    other = named(view, decision.other)
    if other in rulings.joined(view.known.book, root):
        raise BadRequest("the two are one already")
    return [("edge", rulings.edge(root, other), True)]


def _split(view: View, root: str, decision: Decision) -> Rulings:
    other = named(view, decision.other) if decision.other else ""
    edges = [r.subject for r in view.known.book.rulings("edge") if r.value and root in r.subject.split(" ")]
    cut = [edge for edge in edges if not other or edge == rulings.edge(root, other)]
    if not cut:
        raise BadRequest(f"{decision.subject} was not merged with {decision.other or 'any other'}")
    return [("edge", edge, None) for edge in cut]


ACTIONS: Mapping[str, Callable[[View, str, Decision], Rulings]] = {
    "mute": _mute,
    "unmute": _unmute,
    "forget": _forget,
    "refile": _refile,
    "merge": _merge,
    "split": _split,
}
