"""Several parts and several processes share one sqlite file."""

import subprocess
import sys
from pathlib import Path

import pytest

from slipway.adapters.sqlite_file import SqliteFile
from slipway.domain.errors import Failed

_OTHER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
print(connection.execute("SELECT count(*) FROM a_rows").fetchone()[0])
connection.close()
"""


def _other_process(path: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", _OTHER, str(path)], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_what_another_process_closes_stays_open_here(tmp_path: Path) -> None:
    """The last connection of all removes the log of changes: nobody may take ours for closed."""
    path = tmp_path / "index.db"
    first = SqliteFile(path, "a", "CREATE TABLE a_rows (value INTEGER)")
    with first.writing() as connection:
        connection.execute("INSERT INTO a_rows VALUES (1)")
    second = SqliteFile(path, "b", "CREATE TABLE b_rows (value INTEGER)")
    with second.reading() as connection:
        connection.execute("SELECT * FROM b_rows")
    assert _other_process(path) == "1"
    assert Path(f"{path}-wal").exists()
    with first.writing() as connection:
        connection.execute("INSERT INTO a_rows VALUES (2)")
    assert _other_process(path) == "2"
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_error_that_ended_the_transaction_is_told_as_it_is(tmp_path: Path) -> None:
    file = SqliteFile(tmp_path / "index.db", "a", "CREATE TABLE a_rows (value INTEGER UNIQUE)")
    with pytest.raises(Failed, match="UNIQUE"), file.writing() as connection:
        connection.execute("INSERT INTO a_rows VALUES (1)")
        connection.execute("INSERT OR ROLLBACK INTO a_rows VALUES (1)")
    with file.reading() as connection:
        assert connection.execute("SELECT count(*) FROM a_rows").fetchone() == (0,)
    with pytest.raises(Failed, match="no such table"), file.reading() as connection:
        connection.execute("SELECT * FROM nowhere")
