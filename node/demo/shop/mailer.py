"""An exception in each of four threads; the program itself lives on. A bearer token is in the message."""

import os
import threading

from did import did

import aggregator


class DeliveryError(Exception):
    pass


def deliver(address: str) -> None:
    did("mailer")
    raise DeliveryError(f"{address}: 401 for 'Authorization: Bearer {os.environ['SHOP_MAIL_TOKEN']}'")


aggregator.install(service="mailer", release="1.0.3")
threads = [threading.Thread(target=deliver, args=(f"customer{n}@example.org",)) for n in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
