"""`slipway devices`: what the devices of the fleet say of themselves."""

import time
from typing import TYPE_CHECKING

import click

from slipway.cli import _complete
from slipway.cli.output import json_option, print_json, print_table

if TYPE_CHECKING:
    from slipway.services.device_reports import DeviceReport


@click.command()
@click.argument("name", required=False, shell_complete=_complete.devices)
@json_option
def command(name: str | None, as_json: bool) -> None:
    """Show the newest report of every device, the silent and the stale marked, or all that one
    device tells. (Devices of this machine: slipway device.)"""
    from slipway import wiring
    from slipway.services.device_reports import device_reports
    from slipway.settings import load

    found = device_reports(
        wiring.reports_bucket(load()),
        time.time(),
        lambda text: click.echo(f"devices: {text}", err=True),
        name or "",
    )
    if as_json:
        told = [{**each.document, "health": each.health, "why": each.reason} for each in found]
        print_json(told[0] if name and len(told) == 1 else told)
    elif name:
        for report in found:
            _show(report)
    elif not found:
        click.echo("No device has reported yet")
    else:
        rows = [
            (each.device, each.channel, each.arch, each.health, _ago(each.time), _runs(each))
            for each in found
        ]
        print_table(("device", "channel", "arch", "health", "reported", "runs"), rows)
        for each in found:
            if each.reason:
                click.echo(f"{each.device}: {each.reason}")


def _show(report: "DeviceReport") -> None:
    document = report.document
    why = f": {report.reason}" if report.reason else ""
    click.echo(f"{report.device} ({report.instance}) is {report.health}{why}")
    click.echo(f"  {report.arch}, channel {report.channel}, reported {_ago(report.time)}")
    agent, trust = document["agent"], document["trust"]
    click.echo(f"  agent {agent['version']}, metadata {trust['version']}: {trust['state']}")
    disk, memory, spool = document["disk"], document["memory"], document["spool"]
    warm = document["temperature"]
    click.echo(
        f"  disk {_mega(disk['free'])} of {_mega(disk['total'])} MB free, memory"
        f" {_mega(memory['available'])} of {_mega(memory['total'])} MB available"
        + (f", {warm:.0f} °C" if warm is not None else "")
    )
    click.echo(f"  predictions: {_mega(spool['pending'])} MB wait, {spool['dropped']} were dropped")
    print_table(
        ("pod", "state", "runs", "wanted", "since", "restarts", "reason"),
        [
            (
                pod.slot,
                pod.state,
                pod.running,
                pod.wanted,
                _ago(pod.since) if pod.since else "",
                str(pod.restarts),
                pod.reason,
            )
            for pod in report.pods
        ],
    )


def _runs(report: "DeviceReport") -> str:
    own = [pod for pod in report.pods if pod.slot != "slipway-agent"]
    return " ".join(pod.running or f"{pod.slot}: {pod.state}" for pod in own)


def _ago(when: int) -> str:
    seconds = max(0, int(time.time()) - when)
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"


def _mega(size: int) -> int:
    return size >> 20
