"""The index of the fleet in an sqlite file; the tables are in `sqlite_fleet_schema.py`."""

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from slipway.adapters.sqlite_file import SqliteFile
from slipway.adapters.sqlite_fleet_queries import Query, device_of, pod_of, pod_row, target_of
from slipway.adapters.sqlite_fleet_schema import DERIVE_STANDINGS, SCHEMA
from slipway.domain.device_report import Health
from slipway.domain.fleet import (
    Change,
    ChangeKind,
    Device,
    DeviceLine,
    DeviceQuery,
    Outcome,
    OutcomeCount,
    ProgressLine,
    ReachCount,
    Target,
    VersionCount,
)
from slipway.domain.pod import AGENT_SLOT
from slipway.ports.fleet_index import Update

KEPT = 200  # changes of one device
_IN = "IN (SELECT value FROM json_each(?))"


class SqliteFleetIndex:
    """Port `FleetIndex` over one file, which is made when it is first used."""

    def __init__(self, path: Path) -> None:
        self._file = SqliteFile(path, "fleet", SCHEMA)

    def tags(self) -> Mapping[str, str]:
        """See the port."""
        with self._file.reading() as connection:
            return dict(connection.execute("SELECT key, tag FROM fleet_reports"))

    def reports(self, names: Collection[str]) -> Mapping[str, bytes]:
        """See the port."""
        with self._file.reading() as connection:
            return dict(
                connection.execute(
                    f"SELECT key, data FROM fleet_reports WHERE device {_IN} AND problem = ''",  # noqa: S608
                    (_list(names),),
                )
            )

    def devices(self, names: Collection[str]) -> Mapping[str, Sequence[Device]]:
        """See the port."""
        with self._file.reading() as connection:
            rows = connection.execute(
                f"SELECT * FROM fleet_devices WHERE name {_IN} ORDER BY name, instance",  # noqa: S608
                (_list(names),),
            ).fetchall()
            found: dict[str, list[Device]] = {}
            for device in _with_pods(connection, rows):
                found.setdefault(device.name, []).append(device)
            return found

    def overdue(self, now: float) -> Sequence[str]:
        """See the port."""
        with self._file.reading() as connection:
            rows = connection.execute(
                "SELECT DISTINCT name FROM fleet_devices WHERE health != ? AND silent_at < ?",
                (Health.SILENT, now),
            )
            return [name for (name,) in rows]

    def update(self, update: Update) -> None:
        """See the port."""
        with self._file.writing() as connection:
            connection.executemany(
                "DELETE FROM fleet_reports WHERE key = ?", [(key,) for key in update.gone]
            )
            connection.executemany(
                "REPLACE INTO fleet_reports VALUES (?, ?, ?, ?, ?)",
                [(r.key, r.tag, r.device, r.data, r.problem) for r in update.reports],
            )
            _replace_devices(connection, update.devices)
            _add_history(connection, update.changes)

    def targets(self) -> Sequence[Target]:
        """See the port."""
        with self._file.reading() as connection:
            rows = connection.execute("SELECT * FROM fleet_targets ORDER BY slot, channel, arch")
            return [target_of(row) for row in rows]

    def set_targets(self, targets: Sequence[Target]) -> None:
        """See the port."""
        with self._file.writing() as connection:
            connection.execute("DELETE FROM fleet_targets")
            connection.executemany(
                f"INSERT INTO fleet_targets VALUES ({', '.join('?' * 11)})",  # noqa: S608
                [tuple(vars(target).values()) for target in targets],
            )
            connection.execute("DELETE FROM fleet_standings")
            connection.execute(DERIVE_STANDINGS)

    def lines(
        self, query: DeviceQuery, offset: int, limit: int
    ) -> tuple[Sequence[DeviceLine], int]:
        """See the port."""
        asked = Query(query)
        with self._file.reading() as connection:
            (total,) = connection.execute(*asked.count()).fetchone()
            rows = connection.execute(*asked.page(offset, limit)).fetchall()
            behind: dict[int, list[str]] = {}
            for device, slot in connection.execute(
                f"SELECT device, slot FROM fleet_standings WHERE device {_IN} AND outcome != ?"  # noqa: S608
                " ORDER BY slot",
                (_list(row[0] for row in rows), Outcome.HAS),
            ):
                behind.setdefault(device, []).append(slot)
            devices = _with_pods(connection, rows)
        return [
            DeviceLine(device, tuple(behind.get(row[0], ())))
            for row, device in zip(rows, devices, strict=True)
        ], total

    def health_counts(self, query: DeviceQuery) -> Mapping[Health, int]:
        """See the port."""
        with self._file.reading() as connection:
            rows = connection.execute(*Query(query).healths()).fetchall()
        return {Health(health): count for health, count in rows}

    def outcome_counts(self, slot: str = "", channel: str = "") -> Sequence[OutcomeCount]:
        """See the port."""
        where, given = _only({"slot": slot, "channel": channel})
        with self._file.reading() as connection:
            rows = connection.execute(
                "SELECT slot, channel, arch, outcome, health, count(*) FROM fleet_standings"  # noqa: S608
                f"{where} GROUP BY 1, 2, 3, 4, 5",
                given,
            ).fetchall()
        return [
            OutcomeCount(slot, channel, arch, Outcome(outcome), Health(health), count)
            for slot, channel, arch, outcome, health, count in rows
        ]

    def version_counts(self, slot: str = "") -> Sequence[VersionCount]:
        """See the port."""
        where, given = _only({"slot": slot})
        with self._file.reading() as connection:
            rows = connection.execute(
                "SELECT slot, channel, arch, running, state, count(*) FROM fleet_pods"  # noqa: S608
                f"{where} GROUP BY 1, 2, 3, 4, 5",
                given,
            )
            return [VersionCount(*row) for row in rows]

    def reach(self, slot: str, channel: str) -> Sequence[ReachCount]:
        """See the port."""
        with self._file.reading() as connection:
            rows = connection.execute(
                "SELECT d.arch, d.health, coalesce(p.running, ''), coalesce(p.running_digest, ''),"
                " count(*) FROM fleet_devices d"
                " LEFT JOIN fleet_pods p ON p.device = d.id AND p.slot = ?1"
                " WHERE d.channel = ?2 AND (d.in_pod OR ?1 != ?3) GROUP BY 1, 2, 3, 4",
                (slot, channel, AGENT_SLOT),
            ).fetchall()
        return [
            ReachCount(arch, Health(health), running, digest, count)
            for arch, health, running, digest, count in rows
        ]

    def progress(
        self, slot: str, channel: str, outcomes: Collection[str], limit: int
    ) -> Sequence[ProgressLine]:
        """See the port."""
        with self._file.reading() as connection:
            rows = connection.execute(
                "SELECT d.name, d.arch, d.health, s.outcome, coalesce(p.running, ''),"  # noqa: S608
                " coalesce(nullif(p.reason, ''), d.reason)"
                " FROM fleet_standings s JOIN fleet_devices d ON d.id = s.device"
                " LEFT JOIN fleet_pods p ON p.device = s.device AND p.slot = s.slot"
                f" WHERE s.slot = ? AND s.channel = ? AND s.outcome {_IN}"
                " ORDER BY d.name LIMIT ?",
                (slot, channel, _list(outcomes), limit),
            ).fetchall()
        return [
            ProgressLine(name, arch, Health(health), Outcome(outcome), running, reason)
            for name, arch, health, outcome, running, reason in rows
        ]

    def history(self, name: str, limit: int) -> Sequence[Change]:
        """See the port."""
        with self._file.reading() as connection:
            rows = connection.execute(
                "SELECT device, at, kind, slot, before, after, reason FROM fleet_history"
                " WHERE device = ? ORDER BY id DESC LIMIT ?",
                (name, limit),
            ).fetchall()
        return [Change(row[0], row[1], ChangeKind(row[2]), *row[3:]) for row in rows]

    def problems(self) -> Mapping[str, str]:
        """See the port."""
        with self._file.reading() as connection:
            return dict(
                connection.execute(
                    "SELECT key, problem FROM fleet_reports WHERE problem != '' ORDER BY key"
                )
            )


def _list(values: Iterable[object]) -> str:
    return json.dumps(list(values))


def _only(wanted: Mapping[str, str]) -> tuple[str, list[str]]:
    given = {column: value for column, value in wanted.items() if value}
    where = " AND ".join(f"{column} = ?" for column in given)
    return (f" WHERE {where}" if where else ""), list(given.values())


def _with_pods(connection: sqlite3.Connection, rows: Sequence[tuple[Any, ...]]) -> list[Device]:
    pods: dict[int, list[tuple[Any, ...]]] = {}
    for pod in connection.execute(
        f"SELECT * FROM fleet_pods WHERE device {_IN} ORDER BY device, slot",  # noqa: S608
        (_list(row[0] for row in rows),),
    ):
        pods.setdefault(pod[0], []).append(pod)
    return [device_of(row, [pod_of(pod) for pod in pods.get(row[0], ())]) for row in rows]


def _replace_devices(
    connection: sqlite3.Connection, devices: Mapping[str, Sequence[Device]]
) -> None:
    names = _list(devices)
    for table in ("fleet_pods", "fleet_standings"):
        connection.execute(
            f"DELETE FROM {table} WHERE device IN"  # noqa: S608
            f" (SELECT id FROM fleet_devices WHERE name {_IN})",
            (names,),
        )
    connection.execute(f"DELETE FROM fleet_devices WHERE name {_IN}", (names,))  # noqa: S608
    for same in devices.values():
        for each in same:
            added = connection.execute(
                "INSERT INTO fleet_devices (name, instance, arch, channel, health, reason,"
                " reported, silent_at, in_pod) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(each.name, each.instance, each.arch, each.channel, each.health, each.reason),
                    *(each.reported, each.silent_at, each.in_pod),
                ),
            )
            connection.executemany(
                f"INSERT INTO fleet_pods VALUES ({', '.join('?' * 12)})",  # noqa: S608
                [(added.lastrowid, *pod_row(pod), each.channel, each.arch) for pod in each.pods],
            )
    connection.execute(f"{DERIVE_STANDINGS} AND d.name {_IN}", (names,))


def _add_history(connection: sqlite3.Connection, changes: Sequence[Change]) -> None:
    connection.executemany(
        "INSERT INTO fleet_history (device, at, kind, slot, before, after, reason)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [tuple(vars(change).values()) for change in changes],
    )
    connection.executemany(
        "DELETE FROM fleet_history WHERE device = ?1 AND id <= (SELECT id FROM fleet_history"
        " WHERE device = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
        [(name, KEPT) for name in {change.device for change in changes}],
    )
