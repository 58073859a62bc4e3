"""`slipway device`: local devices, each a host of its own on this machine."""

import time
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from slipway.cli import _complete
from slipway.cli._progress import note
from slipway.cli.output import json_option, print_json, print_table, tell
from slipway.domain.errors import Unavailable
from slipway.domain.names import Arch, Channel

if TYPE_CHECKING:
    from slipway.local.device_pods import Pod
    from slipway.local.devices import Device

_channel = click.option(
    "--channel",
    shell_complete=_complete.channels,
    help="latest, alpha, beta or stable; default: its own.",
)


@click.group()
def command() -> None:
    """Local devices: containerd and a kubelet under a root of their own."""


@command.command()
@click.argument("name", shell_complete=_complete.local_devices)
@_channel
@json_option
def up(name: str, channel: str | None, as_json: bool) -> None:
    """Switch a device on, make it, or change its channel."""
    from slipway import settings, wiring
    from slipway.local import devices

    began = time.monotonic()
    wanted = None if channel is None else Channel.parse(channel)
    loaded = settings.load()
    device = devices.device_up(loaded, wiring.deploy_bucket(loaded), name, wanted, note)
    seconds = time.monotonic() - began
    document = {**_document(device), "seconds": round(seconds, 1)}
    tell(document, f"{name} is up on {device.channel} after {seconds:.1f} s", as_json=as_json)


@command.command()
@click.argument("names", nargs=-1, shell_complete=_complete.local_devices)
@click.option("--all", "every", is_flag=True, help="All devices of this installation.")
@click.option("--erase", is_flag=True, help="Erase the disk as well.")
@json_option
def down(names: tuple[str, ...], *, every: bool, erase: bool, as_json: bool) -> None:
    """Switch devices off, gently; their disks stay unless they are erased."""
    from slipway import settings
    from slipway.local import devices

    if every == bool(names):
        raise click.UsageError("Name the devices, or give --all.")
    loaded = settings.load()
    told = []
    for name in [d.name for d in devices.list_devices(loaded)] if every else names:
        was_up = devices.device_down(loaded, name, erase=erase)
        told.append({"name": name, "was_up": was_up, "erased": erase})
        if not as_json:
            click.echo(f"{name} is down" if was_up else f"{name} was down")
    if as_json:
        print_json(told)


@command.command(name="list")
@json_option
def list_(as_json: bool) -> None:
    """Show all devices with their pods."""
    from slipway import settings
    from slipway.local import device_pods, devices

    loaded = settings.load()
    rows, documents = [], []
    for device in devices.list_devices(loaded):
        pods: tuple[device_pods.Pod, ...] = ()
        state = "down"
        if device.up:
            state = "up" if device.plugged else "up, unplugged"
            try:
                pods = device_pods.pods(loaded, device.name)
            except Unavailable as error:
                state = f"up, {error.message}"
        documents.append({**_document(device), "pods": [asdict(pod) for pod in pods]})
        first = [device.name, str(device.channel), state]
        rows += [
            [*(first if pod is pods[0] else ("", "", "")), pod.slot, _release(pod), _readiness(pod)]
            for pod in pods
        ] or [[*first, "", "", ""]]
    if as_json:
        print_json(documents)
    else:
        print_table(
            ("device", "channel", "state", "pod", "runs", "readiness"),
            rows,
            "No device is on this machine: slipway device up NAME makes one",
        )


@command.command()
@click.argument("name", shell_complete=_complete.local_devices)
@json_option
def unplug(name: str, as_json: bool) -> None:
    """Take the device's network cable out; it stays out over a restart."""
    _plug(name, plugged=False, as_json=as_json)


@command.command()
@click.argument("name", shell_complete=_complete.local_devices)
@json_option
def plug(name: str, as_json: bool) -> None:
    """Put the device's network cable in again."""
    _plug(name, plugged=True, as_json=as_json)


@command.command()
@click.argument("arch", shell_complete=_complete.archs)
@click.argument("channel", shell_complete=_complete.channels)
def agent(arch: str, channel: str) -> None:
    """Print the agent's pod for a real device, verified from root.json: what its installer takes
    with --agent-pod."""
    from slipway import settings, wiring
    from slipway.local.device_agent import AgentPod
    from slipway.local.device_trust import owners_root

    loaded = settings.load()
    deploy = wiring.deploy_bucket(loaded)
    pod = AgentPod.fetch(owners_root(loaded), deploy, Arch.parse(arch), Channel.parse(channel))
    click.echo(pod.manifest, nl=False)


def _plug(name: str, *, plugged: bool, as_json: bool) -> None:
    from slipway import settings
    from slipway.local import devices

    device = devices.set_plugged(settings.load(), name, plugged)
    text = f"{name} is {'plugged in' if plugged else 'unplugged'}"
    tell(_document(device), text, as_json=as_json)


def _document(device: "Device") -> dict[str, object]:
    return {
        "name": device.name,
        "channel": str(device.channel),
        "up": device.up,
        "plugged": device.plugged,
        "address": device.address,
        "disk": str(device.disk),
    }


def _release(pod: "Pod") -> str:
    return pod.version or pod.digest.removeprefix("sha256:")[:12] or pod.image


def _readiness(pod: "Pod") -> str:
    return "ready" if pod.ready else ", ".join(part for part in (pod.phase, pod.message) if part)
