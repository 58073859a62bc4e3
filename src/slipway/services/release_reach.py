"""Whom a promotion or a rollback reaches: how many devices will change, by arch and health."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from slipway.domain.device_report import Health
from slipway.domain.fleet import ReachCount
from slipway.domain.image import Digest
from slipway.domain.names import Arch
from slipway.services.promote import Plan


@dataclass(frozen=True)
class ArchReach:
    """The devices of one arch that follow the channel."""

    arch: str
    image: Digest | None  # None: there is none, the devices will lose the model
    devices: int
    stay: int  # run it already, or have nothing to lose
    change: Mapping[Health, int]  # worst health first
    running: Mapping[str, int]  # what those that change run now, by version, most first

    @property
    def changing(self) -> int:
        """How many will change."""
        return sum(self.change.values())


def reach_of(plan: Plan, counts: Sequence[ReachCount]) -> list[ArchReach]:
    """By arch: those with an image in the new version or in the one before, and those that devices
    of the channel have."""
    archs = {*plan.images, *(plan.before.images if plan.before else ())}
    names = sorted({*map(str, archs), *(count.arch for count in counts)})
    return [_of_arch(plan, name, [c for c in counts if c.arch == name]) for name in names]


def _of_arch(plan: Plan, arch: str, counts: Sequence[ReachCount]) -> ArchReach:
    image = plan.images.get(Arch(arch)) if arch in list(Arch) else None
    wanted = str(image) if image else ""
    moving = [count for count in counts if count.digest != wanted]
    running: Counter[str] = Counter()
    for count in moving:
        running[count.running] += count.devices
    return ArchReach(
        arch=arch,
        image=image,
        devices=sum(count.devices for count in counts),
        stay=sum(count.devices for count in counts if count.digest == wanted),
        change={h: n for h in Health if (n := _sum(c for c in moving if c.health is h))},
        running=dict(running.most_common()),
    )


def _sum(counts: Iterable[ReachCount]) -> int:
    return sum(count.devices for count in counts)
