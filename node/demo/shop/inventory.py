"""An error that is handled, and reported by hand. What the program adds holds a key."""

import os

from did import did

import aggregator


class StockError(Exception):
    pass


def count(shelf: int) -> int:
    raise StockError(f"shelf {shelf} answers -1")


aggregator.install(service="inventory", release="3.1")
for shelf in range(6):
    try:
        count(shelf)
    except StockError as error:
        did("inventory")
        aggregator.capture(error, context={"shelf": shelf, "api_key": os.environ["SHOP_STOCK_KEY"]})
