"""Secrets that the demo plants, and the search for them in everything that the aggregator wrote or sent.

They are drawn anew for each run and given to the programs in their environment, which say them in messages, log lines,
contexts, arguments and on standard error. Programs may say what they like on their own terminal; what leaves them for
the aggregator may not hold a single one.
"""

import secrets
import sqlite3
import string
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

LETTERS = string.ascii_letters + string.digits


def drawn(prefix: str, length: int) -> str:
    return prefix + "".join(secrets.choice(LETTERS) for _ in range(length))


class Secrets:
    """By the name of the variable that holds it."""

    def __init__(self) -> None:
        self._planted = {
            "SHOP_DB_PASSWORD": drawn("", 18),
            "SHOP_MAIL_TOKEN": drawn("ghp_", 36),
            "SHOP_STOCK_KEY": drawn("", 24),
            "BACKUP_PASSWORD": drawn("", 16),
            "AWS_SECRET_ACCESS_KEY": drawn("", 40),
        }
        self._values = dict(self._planted)

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def environment(self) -> dict[str, str]:
        """Those that the programs know."""
        return dict(self._planted)

    def add(self, name: str, value: str) -> None:
        """One that is not planted, but real, and to be looked for as well."""
        self._values[name] = value

    def found(self, text: str, where: str) -> list[str]:
        """A sentence for each secret that stands in `text`; never the secret."""
        return [f"the secret {name} stands in {where}" for name, value in self._values.items() if value in text]


def files(*directories: Path) -> Iterator[tuple[Path, str]]:
    """Every file below, with its bytes as text; of a database besides what its rows hold, wherever it is cut."""
    for path in (each for directory in directories for each in sorted(directory.rglob("*"))):
        if path.is_file() and not path.is_symlink():
            yield path, path.read_bytes().decode("latin-1")
            if path.suffix == ".db":
                yield path, contents(path)


def contents(database: Path) -> str:
    """All rows of all tables of a SQLite database."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = [row for table in tables for row in db.execute(f'SELECT * FROM "{table}"')]  # noqa: S608  # its own name
    return "\n".join(_text(value) for row in rows for value in row)


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
