"""Numbers of things, as English says them."""


def plural(count: int, thing: str) -> str:
    """`1 node`, `2 nodes`, `1,000 nodes`. For nouns that take an s."""
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"
