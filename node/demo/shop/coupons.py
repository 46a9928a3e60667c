"""A new bug, on a bad day: it comes while the node that files is dead."""

import sys

from did import did

import aggregator


class CouponError(Exception):
    pass


def redeem(coupon: int) -> None:
    raise CouponError(f"coupon {coupon} was redeemed before it was issued")


aggregator.install(service="coupons", release="2.4.1")
did("coupons")
redeem(int(sys.argv[1]))
