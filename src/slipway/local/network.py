"""The network between this machine and its local devices: a bridge, a cable per device, and a
relay by which devices reach a registry that listens on this machine's loopback.

Callers hold `leases.locked()` except where a function says otherwise.
"""

import contextlib
import socket
import subprocess
from pathlib import Path

from slipway.domain.errors import DeviceFailed, MissingTool, PortInUse
from slipway.local import leases
from slipway.local.device_boot import identifier
from slipway.local.leases import BRIDGE, GATEWAY, NETWORK
from slipway.local.process import LocalProcess


def interface(disk: Path) -> str:
    """This machine's end of a device's cable."""
    return f"sw-{identifier(disk)}"


def open_bridge() -> None:
    """Make the bridge unless it is there; DeviceFailed when the kernel refuses."""
    if not Path(f"/sys/class/net/{BRIDGE}").exists():
        _ip("link", "add", BRIDGE, "type", "bridge")
    _ip("address", "replace", f"{GATEWAY}/{NETWORK.prefixlen}", "dev", BRIDGE)
    _ip("link", "set", BRIDGE, "up")


def connect(disk: Path, pid: int, plugged: bool) -> None:
    """Lay a cable from the bridge to the network of the process `pid`, where it is eth0."""
    name = interface(disk)
    disconnect(disk)
    _ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", str(pid))
    _ip("link", "set", name, "master", BRIDGE)
    _ip("link", "set", name, "up" if plugged else "down")


def disconnect(disk: Path) -> None:
    """Take a device's cable away. The kernel does so itself when the device's network ends, but
    that may be minutes later: connections that were open hold it."""
    with contextlib.suppress(DeviceFailed):
        _ip("link", "delete", interface(disk))


def set_cable(disk: Path, plugged: bool) -> None:
    """Plug or unplug a running device; needs no lock."""
    _ip("link", "set", interface(disk), "up" if plugged else "down")


def relay(port: int) -> LocalProcess:
    """The process that relays the bridge's port to the same port of this machine's loopback."""
    return LocalProcess(leases.STATE, f"relay-{port}")


def open_relay(host: str, port: int) -> None:
    """Start the relay unless it runs, or unless what listens there listens on all addresses;
    MissingTool, PortInUse."""
    process = relay(port)
    if process.find() or _answers(port):
        return
    process.start(
        ["socat", f"TCP-LISTEN:{port},bind={GATEWAY},fork,reuseaddr", f"TCP:{host}:{port}"]
    )
    try:
        process.wait_ready(lambda: _answers(port), seconds=5)
    except Exception as error:
        process.stop()
        raise PortInUse(
            f"no relay to the registry can listen on {GATEWAY}:{port}: {process.last_words()}",
            hint="Set another registry.address",
        ) from error


def close_unused() -> None:
    """End relays that no device needs, and the bridge after the last device."""
    alive = [lease for lease in leases.everyone() if lease.init]
    needed = {f"relay-{lease.registry_port}" for lease in alive}
    for record in leases.STATE.glob("relay-*.json"):
        if record.stem not in needed:
            LocalProcess(leases.STATE, record.stem).stop()
            record.with_suffix(".log").unlink(missing_ok=True)
    if not alive and Path(f"/sys/class/net/{BRIDGE}").exists():
        _ip("link", "delete", BRIDGE)


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((GATEWAY, port), timeout=1):
        return True
    return False


def _ip(*arguments: str) -> None:
    try:
        subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise MissingTool("ip is not installed", hint="Install Debian's iproute2") from error
    except subprocess.CalledProcessError as error:
        raise DeviceFailed(
            f"ip {' '.join(arguments)}: {error.stderr.strip()}",
            hint="Devices need a kernel with bridges and veth",
        ) from error
