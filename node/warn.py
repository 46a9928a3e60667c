"""What does not mend itself, in a line each that names the thing and the remedy: for `status`."""

from node.book import BOOK_REMEDY, BookKeeper


def warnings(keeper: BookKeeper) -> list[str]:
    """Empty: all is as it should be."""
    return [f"the book has no room for further rulings of kind {kind}: {BOOK_REMEDY}" for kind in keeper.book.full()]
