"""Out of memory: critical, so once is enough."""

from did import did

import aggregator


def build_index() -> None:
    raise MemoryError("the index needs 48 GiB")


@aggregator.watch(service="search", release="7")
def main() -> None:
    did("search")
    build_index()


main()
