"""An uncaught exception, and the one that caused it. The database's password is in the words of the cause."""

import logging
import os
import sys

from did import did

import aggregator


class PaymentError(Exception):
    pass


def reserve(order: int) -> None:
    raise ConnectionRefusedError(f"order {order}: postgres://shop:{os.environ['SHOP_DB_PASSWORD']}@db.internal/orders")


def pay(order: int) -> None:
    try:
        reserve(order)
    except OSError as error:
        raise PaymentError(f"order {order} was not paid: nothing is reserved") from error


aggregator.install(service="checkout", release="2.4.1")
logging.basicConfig(level=logging.INFO)
logging.info("connecting with password=%s", os.environ["SHOP_DB_PASSWORD"])
did("checkout")
pay(int(sys.argv[1]))
