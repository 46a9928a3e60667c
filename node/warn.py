"""What does not mend itself, in a line each that names the thing and the remedy: for `status`."""

from aggregator import copies
from aggregator.reason import Reason
from node.book import ASIDE, BOOK_REMEDY, BookKeeper


def warnings(keeper: BookKeeper, copied: bool = False) -> list[str]:
    """Empty: all is as it should be."""
    full = [f"the book has no room for further rulings of kind {kind}: {BOOK_REMEDY}" for kind in keeper.book.full()]
    aside = keeper.aside.total()
    put_aside = f"{aside:,} entries of the book were put aside, as the log of the start says one by one: {ASIDE}"
    copy = [f"{Reason.COPIED.value}: {copies.REMEDY}"] if copied else []
    return [*copy, *full, *([put_aside] if aside else [])]
