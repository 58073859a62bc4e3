"""What is asked of the fleet, as SQL; values only ever go in as parameters."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from slipway.domain.device_report import Health, PodReport
from slipway.domain.fleet import Device, DeviceQuery, Outcome, Sort, Target

_WORST_FIRST = " ".join(f"WHEN '{health}' THEN {rank}" for rank, health in enumerate(Health))
_ORDERS = {
    Sort.NAME: "d.name {}, d.instance",
    Sort.HEALTH: f"CASE d.health {_WORST_FIRST} END {{}}, d.name",
    Sort.CHANNEL: "d.channel {}, d.name",
    Sort.ARCH: "d.arch {}, d.name",
    Sort.REPORTED: "d.reported {}, d.name",
}
_BEHIND = [outcome for outcome in Outcome if outcome is not Outcome.HAS]
_NATURALLY_DOWN = (Sort.REPORTED,)


class Query:
    """The statements of one `DeviceQuery`, each with its parameters."""

    def __init__(self, query: DeviceQuery) -> None:
        self._query = query

    def count(self) -> tuple[str, Sequence[object]]:
        """How many devices there are in all."""
        where, given = self._where(health=True)
        return f"SELECT count(*) FROM fleet_devices d{where}", given  # noqa: S608

    def page(self, offset: int, limit: int) -> tuple[str, Sequence[object]]:
        """The rows of one page."""
        where, given = self._where(health=True)
        down = self._query.descending != (self._query.sort in _NATURALLY_DOWN)
        order = _ORDERS[self._query.sort].format("DESC" if down else "ASC")
        text = f"SELECT d.* FROM fleet_devices d{where} ORDER BY {order} LIMIT ? OFFSET ?"  # noqa: S608
        return text, [*given, limit, offset]

    def healths(self) -> tuple[str, Sequence[object]]:
        """How many devices are how, of any health."""
        where, given = self._where(health=False)
        text = f"SELECT d.health, count(*) FROM fleet_devices d{where} GROUP BY 1"  # noqa: S608
        return text, given

    def _where(self, *, health: bool) -> tuple[str, list[object]]:
        query = self._query
        parts: list[str] = []
        given: list[object] = []

        def add(part: str, *values: object) -> None:
            parts.append(part)
            given.extend(values)

        if query.text:
            like = f"%{_literal(query.text)}%"
            add("(d.name LIKE ? ESCAPE '\\' OR d.reason LIKE ? ESCAPE '\\')", like, like)
        if health and query.health:
            add("d.health = ?", query.health)
        if query.channel:
            add("d.channel = ?", query.channel)
        if query.arch:
            add("d.arch = ?", query.arch)
        if query.version:
            runs = "SELECT device FROM fleet_pods WHERE running = ?"
            wants = "SELECT device FROM fleet_pods WHERE wanted = ?"
            add(f"d.id IN ({runs} UNION {wants})", query.version, query.version)
        if query.behind:
            add(*_standing(_BEHIND, query.slot))
        if query.outcome:
            add(*_standing([query.outcome], query.slot))
        if query.slot and not query.behind and not query.outcome:
            add("d.id IN (SELECT device FROM fleet_pods WHERE slot = ?)", query.slot)
        return (f" WHERE {' AND '.join(parts)}" if parts else ""), given


def _standing(outcomes: Sequence[Outcome], slot: str) -> list[str]:
    """The condition that a device is so far with a model, or with any, and its parameters."""
    marks = ", ".join("?" * len(outcomes))
    devices = f"SELECT device FROM fleet_standings WHERE outcome IN ({marks})"  # noqa: S608
    if slot:
        return [f"d.id IN ({devices} AND slot = ?)", *outcomes, slot]
    return [f"d.id IN ({devices})", *outcomes]


def device_of(row: tuple[Any, ...], pods: Sequence[PodReport]) -> Device:
    """A row of `fleet_devices`."""
    _, name, instance, arch, channel, health, reason, reported, silent_at, in_pod = row
    return Device(
        *(name, instance, arch, channel, Health(health), reason, reported, silent_at),
        in_pod=bool(in_pod),
        pods=tuple(pods),
    )


def pod_of(row: tuple[Any, ...]) -> PodReport:
    """A row of `fleet_pods`."""
    return PodReport(**dict(zip(_POD_COLUMNS, row[1:], strict=False)))


def pod_row(pod: PodReport) -> tuple[object, ...]:
    """The columns of a pod after its device's."""
    return tuple(vars(pod)[name] for name in _POD_COLUMNS)


def target_of(row: tuple[Any, ...]) -> Target:
    """A row of `fleet_targets`."""
    columns = (field.name for field in fields(Target))
    values = dict(zip(columns, row, strict=True))
    return Target(**{**values, "published": bool(values["published"])})


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


_POD_COLUMNS = (
    *("slot", "wanted", "running", "wanted_digest", "running_digest"),
    *("state", "reason", "restarts", "since"),
)
