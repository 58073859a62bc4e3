"""The index of model versions in sqlite: what is asked of it; see `sqlite_version_rows`."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from slipway.adapters.sqlite_file import SqliteFile
from slipway.adapters.sqlite_version_rows import (
    SCHEMA,
    entry_of,
    known_of,
    row_of,
    standing_of,
    store,
    unregister,
)
from slipway.domain.catalogue import (
    CatalogueEntry,
    Found,
    ModelSummary,
    Published,
    VersionQuery,
)
from slipway.domain.names import Channel, ModelName, ModelVersion
from slipway.ports.model_registry import Registration, RunFacts

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


class SqliteVersionIndex:
    """Port `VersionIndex` over an sqlite file, which others may keep tables in, too."""

    def __init__(self, path: Path) -> None:
        self._file = SqliteFile(path, "catalogue", SCHEMA)

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
                entry, changed = known_of(connection, each.version)
                store(connection, replace(entry, published=each), changed)

    def drop_published(self, versions: Collection[ModelVersion]) -> None:
        """See the port."""
        with self._file.writing() as connection:
            for version in versions:
                entry, changed = known_of(connection, version)
                store(connection, replace(entry, published=None), changed)

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
                unregister(connection, {str(each.version) for each in found})
            rows = connection.execute("SELECT version, run_id, changed FROM catalogue_versions")
            known = {(version, run_id): changed for version, run_id, changed in rows}
            for each in found:
                if known.get((str(each.version), each.run_id)) == each.changed:
                    continue
                entry, _ = known_of(connection, each.version)
                entry = replace(entry, run_id=each.run_id, tags=each.tags)
                if facts := runs.get(each.run_id):
                    entry = replace(entry, parameters=facts.parameters, run_metrics=facts.metrics)
                store(connection, entry, each.changed)

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
                standing = standing_of(connection, [name])
                found.append(
                    ModelSummary(
                        ModelName.parse(name),
                        count,
                        broken,
                        entry_of(row, standing),
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
            standing = standing_of(connection, {str(row[1]) for row in rows})
        entries = {str(row[0]): entry_of(row, standing) for row in rows}
        return Found([entries[version] for version in page], total)

    def entry(self, version: ModelVersion) -> CatalogueEntry | None:
        """See the port."""
        with self._file.reading() as connection:
            row = row_of(connection, version)
            return entry_of(row, standing_of(connection, [str(version.name)])) if row else None
