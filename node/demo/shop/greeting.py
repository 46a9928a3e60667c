"""Fails once, and never again: counted, shown, and no issue."""

from did import did

import aggregator

aggregator.install(service="greeting")
did("greeting")
print("Hello, " + {"name": "shop"}["user"])
