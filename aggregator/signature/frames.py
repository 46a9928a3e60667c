"""Which frames say where an error is, and how they are written so that every machine writes them alike.

A frame is (module, function). Files serve to decide whether a frame belongs to the program, and to name a module that
has no name: a checkout, a virtualenv, a user or an operating system never shows in the result.

Frames are ranked: the program's own, then libraries, then frameworks, then the interpreter. Only the highest rank
that occurs counts, so adding a library or a middleware changes nothing; an application that is itself installed among
the libraries is still told apart from the frameworks that call it.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from aggregator.record import Frame
from aggregator.signature.places import APP, INTERPRETER, RANKS, module_of, rank_of

# A decorator or middleware stands between the frames that matter; where it raises itself, it is one of them.
_AROUND = frozenset(
    {"wrapper", "wrapped", "inner", "_wrapper", "_wrapped", "_inner", "decorated", "decorator", "middleware"}
)
_MIDDLEWARE = re.compile(r"[mM]iddlewares?(?:\.|$)")
_INLINED = frozenset({"<listcomp>", "<dictcomp>", "<setcomp>"})  # no frame of their own from Python 3.12 on
_REMEMBERED = 16_384  # frames; the same few come again and again


class Place(NamedTuple):
    """One frame as it is hashed. `function` is empty for a comprehension, which is part of what surrounds it."""

    rank: int
    module: str
    function: str
    around: bool = False  # only stands around others


NOWHERE = Place(INTERPRETER, "", "")


def place_of(frame: Frame) -> Place:
    """`frame` without what differs between machines."""
    return _place(frame.module, frame.file, frame.function, frame.in_app)


@lru_cache(maxsize=_REMEMBERED)
def _place(module: str, file: str, function: str, in_app: bool | None) -> Place:
    rank = rank_of(module, file, function, in_app)
    module, function = module_of(module, file), _function(function)
    around = rank == APP and (function.rpartition(".")[2] in _AROUND or _in_middleware(module, function))
    return Place(rank, module, function, around)


def _in_middleware(module: str, function: str) -> bool:
    name = f"{module}.{function}"
    return "iddleware" in name and bool(_MIDDLEWARE.search(name))


def _function(name: str) -> str:
    if "<" not in name:
        return name
    name = name.replace("<locals>.", "")
    outer, _, last = name.rpartition(".")
    if last in _INLINED:
        return outer
    return "<cell>" if name.startswith("<cell line") else name


def path_of(places: list[Place], repeating: bool = False) -> list[Place]:
    """The frames that count, outermost first, the last one being where it was raised.

    Loops are cut out: a recursion of any depth is written once. `repeating`: the recursion itself is the error, and
    where it was when the stack ran out is chance, so what follows the loop is left out and the loop written in one
    order.
    """
    if not places:
        return []
    rank = max([place[0] for place in places])
    chosen = [place for place in places if place[0] == rank and place[2]] or places[-1:]
    kept = [place for place in chosen[:-1] if not place[3]]
    kept.append(chosen[-1])
    if repeating:
        return _without_tail(kept)
    return kept if len(set(kept)) == len(kept) else without_loops(kept)


def without_loops(places: list[Place]) -> list[Place]:
    """`places` with the way back to each place that was passed before left out."""
    path: list[Place] = []
    index: dict[Place, int] = {}
    for place in places:
        if place in index:
            for gone in path[index[place] + 1 :]:
                del index[gone]
            del path[index[place] + 1 :]
        else:
            index[place] = len(path)
            path.append(place)
    return path


def _without_tail(places: list[Place]) -> list[Place]:
    counts: dict[Place, int] = {}
    for place in places:
        counts[place] = counts.get(place, 0) + 1
    loop = sorted(place for place, count in counts.items() if count > 1)
    if not loop:
        return without_loops(places)
    start = next(i for i, place in enumerate(places) if counts[place] > 1)
    return [*places[:start], *loop]


def reason(place: Place, kept: list[Place]) -> str:
    """Why a frame counts or not, for `explain`. `kept` are those of its exception that do."""
    if place in kept:
        return "counts"
    if not place.function:
        return "part of the function around it"
    if place.rank != kept[-1].rank:
        return f"{RANKS[place.rank]}, and there are frames of the {RANKS[kept[-1].rank]}"
    return "stands around others" if place.around else "part of a recursion"


def innermost(places: list[Place]) -> Place:
    """Where it was raised; nowhere without frames."""
    return places[-1] if places else NOWHERE
