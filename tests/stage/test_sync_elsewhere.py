"""Own pages of which a comparison says that a neighbour has them: only then may who is short of room let go of them."""

from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from aggregator.alone import Alone
from aggregator.book import Book
from aggregator.digest import Digest
from aggregator.due import Policy
from aggregator.keepers import KIND, SUBJECT
from aggregator.keeping import Keeping
from aggregator.ledger import Ledger
from aggregator.page import Origin, Page, PageKey, write_body
from aggregator.questions import Compare, Has
from aggregator.sync import pull
from node.sync import Sync
from tests.pure.factories import tally

NOW, LENGTH = 9_900.0, 900
OWN = Page(PageKey(Origin("me", "r" * 16), 900, 0), 1, write_body([tally(1)]), b"signed")


def side(*pages: Page, horizon: int = 0) -> Has:
    ledger, digest = Ledger(), Digest()
    ledger.expire(horizon)
    for each in pages:
        digest.put(each)
        ledger.put(each, [tally(1)])
    return Has(ledger, digest, Book())


async def alone_after(mine: Has, theirs: Has, spread: bool = False) -> list[PageKey]:
    """What is held to be nowhere else once a neighbour has compared."""
    alone = Alone()
    alone.changed([OWN.key])
    book = Book()
    book.put_ruling(book.rule(KIND, SUBJECT, spread, "bob"))
    keeping = Keeping("alice", book, Policy)
    fleet: Any = SimpleNamespace(keeping=keeping, has=mine, alone=alone, why_not=lambda _peer: None)  # pyright: ignore[reportUnknownLambdaType]
    clock: Any = SimpleNamespace(elapsed=lambda: 100.0, now=lambda: NOW)
    sync = Sync(fleet, cast("Any", None), lambda: ["bob"], cast("Any", None), clock, LENGTH, lambda: None)
    question = next(pull(theirs, 9_000, NOW))
    assert isinstance(question, Compare)
    await sync.handle("bob", msgspec.msgpack.encode(question))
    return list(alone)


async def test_who_has_all_the_same_has_it() -> None:
    assert await alone_after(side(OWN), side(OWN)) == []


async def test_who_compares_only_from_a_higher_horizon_on_may_not_have_what_lies_below() -> None:
    assert await alone_after(side(OWN), side(horizon=5_400)) == [OWN.key]


@pytest.mark.parametrize("theirs", [side(), side(OWN)])
async def test_while_the_fleet_is_spread_a_comparison_is_about_the_book_only(theirs: Has) -> None:
    spread = Has(side(OWN).ledger, Digest(), Book())
    assert await alone_after(spread, theirs, spread=True) == [OWN.key]
