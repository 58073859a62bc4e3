"""What devices say of themselves."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from slipway.settings import Settings
from slipway.wiring.buckets import reports_bucket
from slipway.wiring.registries import index_file
from slipway.wiring.trust import waiting_manifests

if TYPE_CHECKING:
    from slipway.ports.bucket import Bucket
    from slipway.ports.clock import Clock
    from slipway.ports.fleet_index import FleetIndex
    from slipway.ports.image_registry import ImageRegistry
    from slipway.services.follow_fleet import FleetFollower


def system_clock() -> "Clock":
    """The time of this machine."""
    from slipway.adapters.system_clock import SystemClock

    return SystemClock()


def fleet_index(settings: Settings) -> "FleetIndex":
    """What the console knows of the fleet."""
    from slipway.adapters.sqlite_fleet_index import SqliteFleetIndex

    return SqliteFleetIndex(index_file(settings))


def fleet_follower(
    settings: Settings,
    index: "FleetIndex",
    registry: "ImageRegistry",
    deploy: "Bucket",
    say: Callable[[str], None],
) -> "FleetFollower":
    """What keeps the index in step with the reports bucket and the channels."""
    from slipway.adapters.system_clock import SystemClock
    from slipway.services.channels import ChannelReader, targets
    from slipway.services.follow_fleet import FleetFollower

    reader = ChannelReader(registry, deploy)
    repositories = settings.monitor.repositories
    return FleetFollower(
        reports_bucket(settings),
        index,
        lambda: targets(reader.states(repositories), waiting_manifests(settings)),
        SystemClock(),
        say,
    )
