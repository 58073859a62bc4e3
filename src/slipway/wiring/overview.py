"""What `wiring` does for the overview of an installation: `slipway status`, the console's home."""

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from slipway import wiring
from slipway.ports.fleet_index import FleetIndex
from slipway.ports.pipeline_backend import RunState
from slipway.services.overview.fleet import FleetHealth, fleet_health, indexed_health
from slipway.services.overview.gather import Overview, Sources
from slipway.services.overview.gather import overview as gather
from slipway.services.overview.machine import Disk
from slipway.services.overview.releases import Releases, releases
from slipway.services.trust.validity import unsigned, validity
from slipway.settings import Settings

_REGISTRY_SECONDS = 3.0  # less than all sources have together


def overview(settings: Settings, *, own: str = "", fleet: FleetIndex | None = None) -> Overview:
    """The state of the installation that the settings describe. `own`: the part that asks, which
    runs also where `slipway up` has not started it; `fleet`: the index, where one is kept."""
    from slipway.local import stack

    parts = [
        replace(part, running=True, pid=os.getpid()) if part.name == own else part
        for part in stack.status(settings)
    ]
    sources = Sources(
        parts=parts,
        runs={name: partial(_runs, settings, name) for name in wiring.backend_names(settings)},
        releases=partial(_releases, settings),
        devices=partial(_devices, settings) if fleet is None else partial(indexed_health, fleet),
        disk=partial(_disk, settings),
        validity=lambda: validity(wiring.deploy_bucket(settings)),
    )
    return gather(sources, time.time())


def _runs(settings: Settings, name: str) -> Sequence[RunState]:
    return wiring.pipeline_backend(settings, name).runs()


def _releases(settings: Settings) -> Releases:
    from slipway.services.channels import channel_states

    limit = min(settings.registry.timeout, _REGISTRY_SECONDS)
    quick = replace(settings, registry=replace(settings.registry, timeout=limit))
    states = channel_states(
        wiring.image_registry(quick),
        wiring.deploy_bucket(settings),
        settings.monitor.repositories,
    )
    return releases(states, unsigned(wiring.deploy_bucket(settings)))


def _devices(settings: Settings) -> FleetHealth:
    from slipway.services.device_reports import device_reports

    return fleet_health(
        device_reports(wiring.reports_bucket(settings), time.time(), lambda _: None)
    )


def _disk(settings: Settings) -> Disk:
    from slipway.local.disk_space import space

    return Disk(str(settings.home), *space(settings.home))
