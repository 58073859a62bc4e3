"""The network of a local device, entered from this machine."""

import threading
from collections.abc import Callable
from typing import TypeVar

from slipway.domain.errors import Denied, NotFound
from slipway.local import leases
from slipway.local.device_disk import disk_of
from slipway.local.namespaces import join_network
from slipway.settings import Settings, load

_Result = TypeVar("_Result")


def enter(name: str, settings: Settings | None = None) -> None:
    """Let the calling thread see the device's network, its loopback above all, until it ends.

    Raises NotFound when the device is not up, Denied without root.
    """
    join(running(settings or load(), name))


def inside(pid: int, work: Callable[[], _Result]) -> _Result:
    """Do `work` in a thread of its own within the network of the process `pid`."""
    outcome: list[_Result] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            join(pid)
            outcome.append(work())
        except BaseException as error:  # noqa: BLE001  raised again in the caller's thread
            failure.append(error)

    thread = threading.Thread(target=run, name="slipway-netns")
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return outcome[0]


def running(settings: Settings, name: str) -> int:
    """The pid of the device's first process; NotFound when it is not up."""
    disk = disk_of(settings, name)
    init = leases.init_of(disk)
    if init is None:
        known = "is not up" if disk.exists() else "does not exist"
        raise NotFound(f"device {name!r} {known}", hint=f"Start it with: slipway device up {name}")
    return init.pid


def join(pid: int) -> None:
    """Move the calling thread; NotFound when the process has ended, Denied without root."""
    try:
        join_network(pid)
    except FileNotFoundError as error:
        raise NotFound(f"the device with process {pid} is not up any more") from error
    except PermissionError as error:
        raise Denied("a device's network is for root only", hint="Run this with sudo") from error
