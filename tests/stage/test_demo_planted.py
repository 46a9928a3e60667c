"""The demo's search for its secrets finds them where they could be, and never says them itself."""

import sqlite3
from contextlib import closing
from pathlib import Path

from node.demo.planted import Secrets, files


def found_below(directory: Path, secrets: Secrets) -> list[str]:
    return [sentence for path, text in files(directory) for sentence in secrets.found(text, path.name)]


def test_a_secret_in_a_file_is_found_and_not_said(tmp_path: Path) -> None:
    secrets = Secrets()
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "node.log").write_text(f"connecting with {secrets['SHOP_DB_PASSWORD']}!\n")
    assert found_below(tmp_path, secrets) == ["the secret SHOP_DB_PASSWORD stands in node.log"]


def test_a_secret_in_a_row_that_is_longer_than_a_page_of_the_database_is_found(tmp_path: Path) -> None:
    secrets = Secrets()
    with closing(sqlite3.connect(tmp_path / "state.db")) as db:
        db.execute("CREATE TABLE sample (body BLOB)")
        db.execute("INSERT INTO sample VALUES (?)", (b"x" * 4080 + secrets["AWS_SECRET_ACCESS_KEY"].encode() + b"x",))
        db.commit()
    assert "the secret AWS_SECRET_ACCESS_KEY stands in state.db" in found_below(tmp_path, secrets)


def test_where_there_is_none_none_is_found(tmp_path: Path) -> None:
    (tmp_path / "node.log").write_text("connecting with [redacted]\n")
    assert found_below(tmp_path, Secrets()) == []
