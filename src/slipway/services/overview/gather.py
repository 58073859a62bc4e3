"""Asks every source at once and for a limited time: one that fails or hangs is a problem of its
own, and hides nothing of the others."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from slipway.domain.errors import SlipwayError
from slipway.domain.part import Part
from slipway.ports.pipeline_backend import RunState
from slipway.services.overview.asked import Asked
from slipway.services.overview.fleet import FleetHealth, device_problems
from slipway.services.overview.machine import Disk, disk_problems, part_problems
from slipway.services.overview.releases import Releases, release_problems
from slipway.services.overview.runs import RecentRuns, recent_runs, run_problems
from slipway.services.problem import Problem
from slipway.services.trust.validity import validity_problems

PATIENCE = 5.0  # seconds for all sources together


@dataclass(frozen=True)
class Sources:
    """Where an overview comes from; each function may raise a SlipwayError, or take for ever."""

    parts: Sequence[Part]
    runs: Mapping[str, Callable[[], Sequence[RunState]]]  # by backend
    releases: Callable[[], Releases]
    devices: Callable[[], FleetHealth]
    disk: Callable[[], Disk]
    validity: Callable[[], Mapping[str, int]]  # of signed metadata: role → unix seconds


@dataclass(frozen=True)
class Overview:
    """The state of an installation; None where a source did not say."""

    parts: tuple[Part, ...]
    runs: RecentRuns | None
    releases: Releases | None
    devices: FleetHealth | None
    disk: Disk | None
    validity: Mapping[str, int] | None
    problems: tuple[Problem, ...]  # what others follow from is first


def overview(sources: Sources, now: float, patience: float = PATIENCE) -> Overview:
    """Ask all sources; `now` in unix seconds."""
    running = {part.name: part.running for part in sources.parts}
    problems = part_problems(sources.parts)

    def tell(what: str, error: SlipwayError) -> None:
        problems.append(Problem(what, error.code, error.message, error.hint))

    deadline = time.monotonic() + patience
    asked_runs = [Asked(f"{name} runs", ask) for name, ask in sources.runs.items()]
    asked_devices = Asked("devices", sources.devices)
    asked_disk = Asked("disk", sources.disk)
    asked_validity = Asked("signatures", sources.validity)
    # Of a registry that is stopped it is known already what is wrong.
    asked_releases = Asked("channels", sources.releases) if running.get("registry", True) else None

    disk = asked_disk.answer_or(tell, deadline)
    problems += disk_problems(disk) if disk else []
    validity = asked_validity.answer_or(tell, deadline)
    problems += validity_problems(validity or {}, now)
    releases = asked_releases.answer_or(tell, deadline) if asked_releases else None
    problems += release_problems(releases) if releases else []
    devices = asked_devices.answer_or(tell, deadline)
    problems += device_problems(devices) if devices else []
    told = [asked.answer_or(tell, deadline) for asked in asked_runs]
    states = [state for answer in told if answer is not None for state in answer]
    runs = recent_runs(states, now) if any(answer is not None for answer in told) else None
    problems += run_problems(runs, runner=running.get("runner", True)) if runs else []
    return Overview(tuple(sources.parts), runs, releases, devices, disk, validity, tuple(problems))
