"""What a later version of the signature names otherwise is still one bug, and old nodes read what new ones say."""

import msgspec
import pytest

from aggregator import rulings
from aggregator.agenda import Knowledge, newly_due, take_changed
from aggregator.author import Author
from aggregator.book import Book
from aggregator.due import Policy
from aggregator.history import History
from aggregator.ledger import Ledger
from aggregator.page import read_body, write_body
from aggregator.signature import agreed
from aggregator.tally import Tally, former_root
from tests.pure.factories import ALICE, name, seen, tally

NEW, OLD = "s2-" + "7" * 32, name(7)


def known(*batches: object) -> Knowledge:
    out = Knowledge(Ledger(), History(), Book())
    author = Author(ALICE, 900)
    for batch in batches:
        staged = author.stage([batch], 1000.0, lambda _: True)  # pyright: ignore[reportArgumentType]
        author.accept(staged)
        for page, _ in staged.pages:
            out.ledger.put(page, read_body(page.body))
    return out


def renamed(count: int = 1) -> object:
    return seen(7, count, signature=NEW, root=NEW, formerly=OLD)


def test_a_tally_without_another_name_is_encoded_as_ever() -> None:
    assert msgspec.msgpack.decode(write_body([tally()]))[0][-1] == []
    assert len(msgspec.msgpack.decode(write_body([tally()]))[0]) == len(Tally.__struct_fields__)


def test_a_page_keeps_the_other_names_beside_tallies_that_have_none() -> None:
    out = known(seen(1), renamed(), renamed())
    tallies = {t.signature: t for t in read_body(next(out.ledger.pages()).body)}
    assert former_root(tallies[NEW]) == OLD
    assert tallies[NEW].count == 2
    assert type(tallies[name(1)]) is Tally


def test_who_does_not_know_the_field_reads_the_rest() -> None:
    body = next(known(renamed()).ledger.pages()).body
    assert msgspec.msgpack.decode(body, type=list[Tally])[0].signature == NEW


def test_counts_under_both_names_reach_the_threshold_together() -> None:
    out = known(seen(7, 2), renamed(1))
    latches = newly_due(out, take_changed(out), Policy(repository="acme/app"), 1000.0, "alice")
    assert [latch.key.root for latch in latches] == [OLD]


def test_that_two_names_are_one_bug_outlives_the_lookback() -> None:
    out = known(renamed(3))
    (latch,) = newly_due(out, take_changed(out), Policy(repository="acme/app"), 1000.0, "alice")
    for ruling in latch.rulings:
        out.book.put_ruling(ruling)
    out.ledger.expire(10_000)
    take_changed(out)
    assert rulings.joined(out.book, NEW) == {OLD, NEW}


def test_what_an_operator_split_stays_apart() -> None:
    out = known(renamed(3))
    out.book.put_ruling(out.book.rule("edge", rulings.edge(OLD, NEW), None, "alice"))
    take_changed(out)
    assert rulings.joined(out.book, NEW) == {NEW}


@pytest.mark.parametrize(
    ("others", "version"),
    [
        ([["s2"]], "s2"),
        ([["page 1", "s1", "s2"]], "s2"),
        ([["page 1", "s1", "s2"], ["page 1", "s1"]], "s1"),
        ([["s2", "s3"]], "s2"),
        ([["page 1"]], "s1"),
    ],
)
def test_a_version_is_written_when_all_who_are_there_read_it(others: list[list[str]], version: str) -> None:
    assert agreed(["s1", "s2"], others) == version
