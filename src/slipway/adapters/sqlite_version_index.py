"""The index of model versions in sqlite.

`catalogue_versions` has a row for each version, in two halves: what lies in the model-output bucket
(`published`, `card`, …) and what the model registry says (`run_id`, …). `text` is what a search
looks through; `catalogue_metrics` holds the same metrics as the row, to sort by.
"""

import json
import math
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from slipway.adapters.sqlite_file import SqliteFile
from slipway.domain.card import ModelCard
from slipway.domain.catalogue import (
    CatalogueEntry,
    Found,
    ModelSummary,
    Published,
    VersionQuery,
)
from slipway.domain.names import Channel, ModelName, ModelVersion
from slipway.ports.model_registry import Registration, RunFacts

# What is looked through comes first in a row, what is only shown last.
_SCHEMA = """
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
_CONDITIONS = """
WHERE (:name IS NULL OR v.name = :name)
AND (:channel IS NULL
    OR v.version IN (SELECT version FROM catalogue_channels WHERE channel = :channel))
AND NOT EXISTS (SELECT 1 FROM json_each(:words) WHERE INSTR(v.text, value) = 0)
"""
_COUNT = f"SELECT COUNT(*) FROM catalogue_versions v {_CONDITIONS}"  # noqa: S608  no input in it
# Which they are comes first, so that what is only shown is not carried through the sorting.
_PAGE = f"""
SELECT v.version FROM catalogue_versions v
LEFT JOIN catalogue_metrics m
ON m.name = v.name AND m.metric = :sort AND m.version = v.version
{_CONDITIONS}
ORDER BY
    CASE :sort WHEN 'newest' THEN v.timestamp WHEN 'size' THEN v.size ELSE m.value END IS NULL,
    CASE :sort WHEN 'newest' THEN v.timestamp WHEN 'size' THEN v.size ELSE m.value END * :direction,
    v.timestamp DESC, v.version
LIMIT :limit OFFSET :offset
"""  # noqa: S608  no input in it
_CHANGED = 7  # column
_Row = tuple[object, ...]


class SqliteVersionIndex:
    """Port `VersionIndex` over an sqlite file, which others may keep tables in, too."""

    def __init__(self, path: Path) -> None:
        self._file = SqliteFile(path, "catalogue", _SCHEMA)

    def published(self, name: ModelName) -> Mapping[ModelVersion, bool]:
        """See the port."""
        query = "SELECT version, problem = '' FROM catalogue_versions WHERE published AND name = ?"
        with self._file.reading() as connection:
            rows = connection.execute(query, (str(name),)).fetchall()
        return {ModelVersion.parse(version): bool(sound) for version, sound in rows}

    def put_published(self, found: Sequence[Published]) -> None:
        """See the port."""
        with self._file.writing() as connection:
            for each in found:
                entry, changed = _known(connection, each.version)
                _store(connection, replace(entry, published=each), changed)

    def drop_published(self, versions: Collection[ModelVersion]) -> None:
        """See the port."""
        with self._file.writing() as connection:
            for version in versions:
                entry, changed = _known(connection, version)
                _store(connection, replace(entry, published=None), changed)

    def put_registered(
        self,
        found: Sequence[Registration],
        runs: Mapping[str, RunFacts],
        *,
        everything: bool,
        mark: str,
    ) -> None:
        """See the port."""
        with self._file.writing() as connection:
            connection.execute("REPLACE INTO catalogue_mark VALUES (1, ?)", (mark,))
            if everything:
                _unregister(connection, {str(each.version) for each in found})
            rows = connection.execute("SELECT version, run_id, changed FROM catalogue_versions")
            known = {(version, run_id): changed for version, run_id, changed in rows}
            for each in found:
                if known.get((str(each.version), each.run_id)) == each.changed:
                    continue
                entry, _ = _known(connection, each.version)
                entry = replace(entry, run_id=each.run_id, tags=each.tags)
                if facts := runs.get(each.run_id):
                    entry = replace(entry, parameters=facts.parameters, run_metrics=facts.metrics)
                _store(connection, entry, each.changed)

    def mark(self) -> str:
        """See the port."""
        with self._file.reading() as connection:
            row = connection.execute("SELECT mark FROM catalogue_mark").fetchone()
            return str(row[0]) if row else ""

    def last_change(self) -> int:
        """See the port."""
        with self._file.reading() as connection:
            query = "SELECT COALESCE(MAX(changed), 0) FROM catalogue_versions"
            return int(connection.execute(query).fetchone()[0])

    def known_runs(self) -> frozenset[str]:
        """See the port."""
        with self._file.reading() as connection:
            query = "SELECT run_id FROM catalogue_versions WHERE run_id != ''"
            return frozenset(str(run_id) for (run_id,) in connection.execute(query))

    def set_channels(self, name: ModelName, standing: Mapping[Channel, ModelVersion]) -> None:
        """See the port."""
        rows = [(str(name), str(channel), str(v)) for channel, v in standing.items()]
        with self._file.writing() as connection:
            connection.execute("DELETE FROM catalogue_channels WHERE name = ?", (str(name),))
            connection.executemany("INSERT INTO catalogue_channels VALUES (?, ?, ?)", rows)

    def names(self) -> Sequence[ModelName]:
        """See the port."""
        query = "SELECT DISTINCT name FROM catalogue_versions ORDER BY name"
        with self._file.reading() as connection:
            return [ModelName.parse(name) for (name,) in connection.execute(query)]

    def models(self) -> Sequence[ModelSummary]:
        """See the port."""
        query = (
            "SELECT name, COUNT(*), SUM(NOT published OR problem != '') FROM catalogue_versions"
            " GROUP BY name ORDER BY name"
        )
        newest = "SELECT * FROM catalogue_versions WHERE name = ? ORDER BY timestamp DESC LIMIT 1"
        found = []
        with self._file.reading() as connection:
            for name, count, broken in connection.execute(query).fetchall():
                row = connection.execute(newest, (name,)).fetchone()
                standing = _standing(connection, [name])
                found.append(
                    ModelSummary(
                        ModelName.parse(name),
                        count,
                        broken,
                        _entry(row, standing),
                        {channel: ModelVersion.parse(version) for channel, version in standing},
                    )
                )
        return found

    def metrics(self, name: ModelName | None) -> Sequence[str]:
        """See the port."""
        query = (
            "SELECT DISTINCT metric FROM catalogue_metrics"
            " WHERE ?1 IS NULL OR name = ?1 ORDER BY metric"
        )
        with self._file.reading() as connection:
            rows = connection.execute(query, (str(name) if name else None,))
            return [str(metric) for (metric,) in rows]

    def find(self, query: VersionQuery, offset: int, limit: int) -> Found:
        """See the port."""
        values = {
            "name": str(query.name) if query.name else None,
            "channel": str(query.channel) if query.channel else None,
            "words": json.dumps(query.search.lower().split()),
            "sort": query.sort,
            "direction": -1 if query.descending else 1,
            "limit": limit,
            "offset": offset,
        }
        with self._file.reading() as connection:
            (total,) = connection.execute(_COUNT, values).fetchone()
            page = [str(version) for (version,) in connection.execute(_PAGE, values)]
            rows = connection.execute(
                "SELECT * FROM catalogue_versions"
                " WHERE version IN (SELECT value FROM json_each(?))",
                (json.dumps(page),),
            ).fetchall()
            standing = _standing(connection, {str(row[1]) for row in rows})
        entries = {str(row[0]): _entry(row, standing) for row in rows}
        return Found([entries[version] for version in page], total)

    def entry(self, version: ModelVersion) -> CatalogueEntry | None:
        """See the port."""
        with self._file.reading() as connection:
            row = _row(connection, version)
            return _entry(row, _standing(connection, [str(version.name)])) if row else None


def _standing(connection: sqlite3.Connection, names: Collection[str]) -> list[tuple[Channel, str]]:
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


def _row(connection: sqlite3.Connection, version: ModelVersion) -> _Row | None:
    query = "SELECT * FROM catalogue_versions WHERE version = ?"
    found: _Row | None = connection.execute(query, (str(version),)).fetchone()
    return found


def _known(connection: sqlite3.Connection, version: ModelVersion) -> tuple[CatalogueEntry, int]:
    """What the table has of a version, and when it was changed in the registry."""
    row = _row(connection, version)
    if row is None:
        return CatalogueEntry(version, None), 0
    return _entry(row, ()), int(str(row[_CHANGED]))


def _entry(row: _Row, standing: Collection[tuple[Channel, str]]) -> CatalogueEntry:
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


def _unregister(connection: sqlite3.Connection, but: Collection[str]) -> None:
    """Take what the registry said out of all versions but those."""
    query = "SELECT version FROM catalogue_versions WHERE run_id != ''"
    for (text,) in connection.execute(query).fetchall():
        if text not in but:
            entry, _ = _known(connection, ModelVersion.parse(text))
            bare = CatalogueEntry(entry.version, entry.published)
            _store(connection, bare, 0)


def _store(connection: sqlite3.Connection, entry: CatalogueEntry, changed: int) -> None:
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
