"""The parts of the local installation, and the disk that its state lies on."""

from collections.abc import Sequence
from dataclasses import dataclass

from slipway.domain.part import Part
from slipway.services.problem import Problem

LOW = 5 << 30  # bytes; trainings and images of three archs come to gigabytes


@dataclass(frozen=True)
class Disk:
    """The file system that holds the state. Sizes are in bytes."""

    folder: str
    free: int
    total: int


def part_problems(parts: Sequence[Part]) -> list[Problem]:
    """What is stopped, as one problem."""
    stopped = [part for part in parts if not part.running]
    if len(stopped) == len(parts):
        return [Problem("stack", "stopped", "nothing of it runs", "slipway up starts it")]
    if len(stopped) > 1:
        names = ", ".join(part.name for part in stopped)
        hint = "slipway up starts them; each part's log says why it ended"
        return [Problem("stack", "stopped", f"{names} do not run", hint)]
    return [
        Problem(
            part.name,
            "stopped",
            f"{part.name} does not run",
            f"slipway up starts it; log {part.log}",
        )
        for part in stopped
    ]


def disk_problems(disk: Disk) -> list[Problem]:
    """Whether it will be full soon."""
    if disk.free >= LOW:
        return []
    message = f"{disk.free / 1e9:.1f} GB are free in {disk.folder}"
    hint = f"Remove old runs in {disk.folder}/runs, or move all of it with SLIPWAY_HOME"
    return [Problem("disk", "disk-full", message, hint)]
