"""The store: everything this node must not forget, in one SQLite database.

`store` has the one writer and the readers, `database` makes, upgrades and opens the file, `lock` keeps a second node
out, `checkup` looks at the file of a node that rests; every other module is one family of tables: functions that make
operations for `Store.commit`, and functions of a connection for `Store.read`.
"""

from node.store.checkup import why_not
from node.store.database import NAME
from node.store.errors import StoreError, Trouble
from node.store.store import Operation, Store, open_store

__all__ = ["NAME", "Operation", "Store", "StoreError", "Trouble", "open_store", "why_not"]
