"""Rows of the index of model versions, and what they mean.

`catalogue_versions` has a row for each version, in two halves: what lies in the model-output bucket
(`published`, `card`, …) and what the model registry says (`run_id`, …). `text` is what a search
looks through; `catalogue_metrics` holds the same metrics as the row, to sort by.
"""

import json
import math
import sqlite3
from collections.abc import Collection, Iterator

from slipway.domain.card import ModelCard
from slipway.domain.catalogue import CatalogueEntry, Published
from slipway.domain.names import Channel, ModelVersion

# What is looked through comes first in a row, what is only shown last.
SCHEMA = """
CREATE TABLE catalogue_versions (
    version TEXT PRIMARY KEY, name TEXT NOT NULL, timestamp INTEGER NOT NULL,
    published INTEGER NOT NULL, problem TEXT NOT NULL, size INTEGER, run_id TEXT NOT NULL,
    changed INTEGER NOT NULL, text TEXT NOT NULL, golden INTEGER NOT NULL, sizes TEXT NOT NULL,
    parameters TEXT NOT NULL, run_metrics TEXT NOT NULL, tags TEXT NOT NULL, card BLOB
);
CREATE INDEX catalogue_versions_name ON catalogue_versions (name, timestamp);
CREATE INDEX catalogue_versions_changed ON catalogue_versions (changed);
CREATE TABLE catalogue_metrics (
    name TEXT NOT NULL, metric TEXT NOT NULL, version TEXT NOT NULL, value REAL NOT NULL,
    PRIMARY KEY (name, metric, version)
) WITHOUT ROWID;
CREATE INDEX catalogue_metrics_version ON catalogue_metrics (version);
CREATE TABLE catalogue_channels (
    name TEXT NOT NULL, channel TEXT NOT NULL, version TEXT NOT NULL,
    PRIMARY KEY (name, channel)
) WITHOUT ROWID;
CREATE TABLE catalogue_mark (id INTEGER PRIMARY KEY, mark TEXT NOT NULL)
"""
_CHANGED = 7  # column
Row = tuple[object, ...]


def standing_of(
    connection: sqlite3.Connection, names: Collection[str]
) -> list[tuple[Channel, str]]:
    """What stands in the channels of models, in the channels' order."""
    query = (
        "SELECT channel, version FROM catalogue_channels"
        " WHERE name IN (SELECT value FROM json_each(?))"
    )
    rows = connection.execute(query, (json.dumps(list(names)),)).fetchall()
    order = list(Channel)
    return sorted(
        ((Channel(channel), str(version)) for channel, version in rows),
        key=lambda row: order.index(row[0]),
    )


def row_of(connection: sqlite3.Connection, version: ModelVersion) -> Row | None:
    """A version's row, if it has one."""
    query = "SELECT * FROM catalogue_versions WHERE version = ?"
    found: Row | None = connection.execute(query, (str(version),)).fetchone()
    return found


def known_of(connection: sqlite3.Connection, version: ModelVersion) -> tuple[CatalogueEntry, int]:
    """What the table has of a version, and when it was changed in the registry."""
    row = row_of(connection, version)
    if row is None:
        return CatalogueEntry(version, None), 0
    return entry_of(row, ()), int(str(row[_CHANGED]))


def entry_of(row: Row, standing: Collection[tuple[Channel, str]]) -> CatalogueEntry:
    """What a row says; `standing` as from standing_of."""
    version, _, _, published, problem, _, run_id, _, _, golden, *texts, card = row
    parsed = ModelVersion.parse(str(version))
    sizes, parameters, run_metrics, tags = (json.loads(str(text)) for text in texts)
    lying = Published(
        parsed,
        ModelCard.parse(card) if isinstance(card, bytes) else None,
        int(str(golden)),
        sizes,
        str(problem),
    )
    return CatalogueEntry(
        version=parsed,
        published=lying if published else None,
        run_id=str(run_id),
        parameters=parameters,
        run_metrics=run_metrics,
        tags=tags,
        channels=tuple(channel for channel, where in standing if where == version),
    )


def unregister(connection: sqlite3.Connection, but: Collection[str]) -> None:
    """Take what the registry said out of all versions but those."""
    query = "SELECT version FROM catalogue_versions WHERE run_id != ''"
    for (text,) in connection.execute(query).fetchall():
        if text not in but:
            entry, _ = known_of(connection, ModelVersion.parse(text))
            bare = CatalogueEntry(entry.version, entry.published)
            store(connection, bare, 0)


def store(connection: sqlite3.Connection, entry: CatalogueEntry, changed: int) -> None:
    """Write a version's row and metrics anew; one that nobody knows any more is taken out."""
    version, published = str(entry.version), entry.published
    connection.execute("DELETE FROM catalogue_metrics WHERE version = ?", (version,))
    if published is None and not entry.run_id:
        connection.execute("DELETE FROM catalogue_versions WHERE version = ?", (version,))
        return
    row = (
        version,
        str(entry.version.name),
        entry.version.timestamp,
        published is not None,
        published.problem if published else "",
        entry.size,
        entry.run_id,
        changed,
        "\n".join(_searched(entry)).lower(),
        published.golden if published else 0,
        json.dumps(dict(published.sizes) if published else {}),
        *(json.dumps(dict(each)) for each in (entry.parameters, entry.run_metrics, entry.tags)),
        entry.card.to_json() if entry.card else None,
    )
    marks = ", ".join("?" * len(row))
    connection.execute(f"REPLACE INTO catalogue_versions VALUES ({marks})", row)  # noqa: S608
    connection.executemany(
        "INSERT INTO catalogue_metrics VALUES (?, ?, ?, ?)",
        [
            (str(entry.version.name), name, version, value)
            for name, value in entry.metrics.items()
            if not math.isnan(value)
        ],
    )


def _searched(entry: CatalogueEntry) -> Iterator[str]:
    yield str(entry.version)
    yield entry.run_id
    yield entry.problem
    yield from entry.lineage.values()
    yield from (f"{key}={value}" for key, value in entry.parameters.items())
    if entry.card:
        yield entry.card.task
        yield from entry.card.labels
