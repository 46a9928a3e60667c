"""Fails on a machine whose node is dead: what it has to say waits in the spool."""

import sys

from did import did

import aggregator


class InvoiceError(Exception):
    pass


def number(last: int) -> int:
    raise InvoiceError(f"invoice {last + 1} exists already")


aggregator.install(service="invoices", release="1.2")
did("invoices")
number(int(sys.argv[1]))
