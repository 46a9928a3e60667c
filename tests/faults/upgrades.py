"""A rolling upgrade: one node after the other was run by a program of database version 1, and now by this one."""

import gzip
import sqlite3
from contextlib import closing
from pathlib import Path

import trio

from node.store.database import VERSION
from tests.faults.scene import Scene
from tests.fleet.fleet import FleetNode
from tests.fleet.harness import ROOT

FIXTURE = ROOT / "tests" / "fixtures" / "state.v1.db.gz"  # as that program made it
FIRST = 1


async def upgrade_one_by_one(scene: Scene) -> None:
    """Each is told to stop, and what it had is as the earlier program kept it; the others go on meanwhile."""
    for node in scene.draw.sample(list(scene.fleet), len(scene.names)):
        assert await trio.to_thread.run_sync(node.stop) == 0
        take_back(node)
        await scene.fleet.start(node.name)
        assert version(node.database) == VERSION, "not upgraded"
        assert version(node.database.with_name(f"{node.database.name}.v{FIRST}.backup")) == FIRST
        await scene.while_(0.0, 1.0)


def take_back(node: FleetNode) -> None:
    """The same rows in the tables of the earlier version; the program that runs now has all of these, and no fewer."""
    old, now = node.database.with_name("earlier.db"), node.database
    old.write_bytes(gzip.decompress(FIXTURE.read_bytes()))
    old.chmod(0o600)
    with closing(sqlite3.connect(old, isolation_level=None)) as db:
        db.execute("ATTACH ? AS later", (str(now),))
        db.execute("BEGIN")
        rules = db.execute("SELECT name, sql FROM main.sqlite_master WHERE type = 'trigger'").fetchall()
        for rule, _ in rules:  # they forbid to change the audit log
            db.execute(f"DROP TRIGGER main.{rule}")
        for (table,) in db.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'").fetchall():
            if table != "version" and not table.startswith("sqlite_"):
                copy(db, table)
        for _, rule in rules:
            db.execute(rule)
        db.execute("COMMIT")
    node.lose_database()
    old.rename(now)


def copy(db: sqlite3.Connection, table: str) -> None:
    columns = ", ".join(row[1] for row in db.execute(f"PRAGMA main.table_info({table})"))
    db.execute(f"DELETE FROM main.{table}")
    db.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM later.{table}")


def version(path: Path) -> int:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        return int(db.execute("SELECT number FROM version").fetchone()[0])
