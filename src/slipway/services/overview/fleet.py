"""How the fleet is: how many devices are how, and the worst by name."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from slipway.domain.device_report import DeviceReport, Health
from slipway.domain.fleet import DeviceQuery
from slipway.ports.fleet_index import FleetIndex
from slipway.services.problem import Problem

_NAMED = 3  # devices of each kind of trouble
_WORST_FIRST = list(Health)
_HINTS = {
    Health.TAKEN: "Give each device a name of its own",
    Health.SILENT: "See whether they have power and a network; slipway devices NAME has the last"
    " report",
    Health.UNTRUSTED: "Find out who wrote to the deploy bucket: docs/trust.md",
    Health.STALE: "See whether the tag monitor runs: it signs again what expires",
    Health.TROUBLE: "slipway devices NAME shows each pod and why",
    Health.UNREACHABLE: "See whether they reach the deploy bucket: agent.bucket_url",
}


@dataclass(frozen=True)
class Sick:
    """One device that needs a look."""

    device: str
    health: Health
    reason: str


@dataclass(frozen=True)
class FleetHealth:
    """The whole fleet: `counts` has the worst first, `worst` a few of each kind of trouble."""

    counts: Mapping[Health, int]
    worst: tuple[Sick, ...]

    @property
    def total(self) -> int:
        """How many devices have reported."""
        return sum(self.counts.values())


def fleet_health(reports: Iterable[DeviceReport]) -> FleetHealth:
    """Sum up what the devices report."""
    found = sorted(reports, key=lambda each: (_WORST_FIRST.index(each.health), each.device))
    counts: Counter[Health] = Counter()
    worst = []
    for each in found:
        counts[each.health] += 1
        if each.health in _HINTS and counts[each.health] <= _NAMED:
            worst.append(Sick(each.device, each.health, each.reason))
    return FleetHealth(dict(counts), tuple(worst))


def indexed_health(index: FleetIndex) -> FleetHealth:
    """The same from the index, which need not read what every device reports."""
    counts = index.health_counts(DeviceQuery())
    worst = []
    for health in _WORST_FIRST:
        if counts.get(health) and health in _HINTS:
            lines, _ = index.lines(DeviceQuery(health=health), 0, _NAMED)
            worst += [Sick(line.device.name, health, line.device.reason) for line in lines]
    return FleetHealth({each: counts[each] for each in _WORST_FIRST if counts.get(each)}, (*worst,))


def device_problems(fleet: FleetHealth) -> list[Problem]:
    """One for each kind of trouble."""
    found = []
    for health, number in fleet.counts.items():
        if health not in _HINTS:
            continue
        sick = [each for each in fleet.worst if each.health is health]
        names = ", ".join(each.device for each in sick) + (", …" if number > len(sick) else "")
        message = f"{number} devices {health}: {names}"
        if number == 1 and sick:
            message = f"device {names} {health}: {sick[0].reason}"
        found.append(Problem("devices", health, message, _HINTS[health]))
    return found
