"""`slipway devices`: what the devices of the fleet say of themselves."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from slipway.cli import _complete
from slipway.cli.output import json_option, print_json, print_table

if TYPE_CHECKING:
    from slipway.domain.device_report import DeviceReport


@click.command()
@click.argument("name", required=False, shell_complete=_complete.devices)
@click.option("--health", help="Only those that are ok, updating, trouble, silent, …")
@click.option("--channel", help="Only those that follow this channel.")
@json_option
def command(name: str | None, health: str | None, channel: str | None, as_json: bool) -> None:
    """Show the newest report of every device, the silent and the stale marked, or all that one
    device tells. (Devices of this machine: slipway device.)"""
    from slipway import wiring
    from slipway.domain.device_report import Health
    from slipway.domain.names import Channel
    from slipway.services.device_reports import device_reports
    from slipway.settings import load

    only_health = Health.parse(health) if health else None
    only_channel = Channel.parse(channel) if channel else None
    reports = device_reports(
        wiring.reports_bucket(load()),
        time.time(),
        lambda text: click.echo(f"devices: {text}", err=True),
        name or "",
    )
    found = [
        each
        for each in reports
        if only_health in (None, each.health) and only_channel in (None, each.channel)
    ]
    if as_json:
        told = [{**each.document, "health": each.health, "why": each.reason} for each in found]
        print_json(told[0] if name and len(told) == 1 else told)
    elif name:
        for report in found:
            _show(report)
    elif not found:
        click.echo("No device is so" if reports else "No device has reported yet")
    else:
        _list(found)


def _list(found: "Sequence[DeviceReport]") -> None:
    columns = ("device", "channel", "arch", "health", "reported", "runs", "why")
    print_table(
        columns,
        [
            (
                *(each.device, each.channel, each.arch, each.health, _ago(each.time)),
                *(_runs(each), each.reason),
            )
            for each in found
        ],
    )


def _show(report: "DeviceReport") -> None:
    facts = report.facts
    why = f": {report.reason}" if report.reason else ""
    click.echo(f"{report.device} ({report.instance}) is {report.health}{why}")
    click.echo(f"  {report.arch}, channel {report.channel}, reported {_ago(report.time)}")
    click.echo(f"  agent {facts.agent}, metadata {facts.metadata or 'unknown'}: {report.trust}")
    warm = f", {facts.temperature:.0f} °C" if facts.temperature is not None else ""
    click.echo(
        f"  disk {_mega(facts.disk_free)} of {_mega(facts.disk_total)} free, memory"
        f" {_mega(facts.memory_available)} of {_mega(facts.memory_total)} available{warm}"
    )
    click.echo(
        f"  predictions: {_mega(facts.spool_pending)} wait, {facts.spool_dropped or 0} were dropped"
    )
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
    from slipway.domain.pod import AGENT_SLOT

    own = [pod for pod in report.pods if pod.slot != AGENT_SLOT]
    return " ".join(pod.running or f"{pod.slot}: {pod.state}" for pod in own)


def _ago(when: int) -> str:
    seconds = max(0, int(time.time()) - when)
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"


def _mega(size: int | None) -> str:
    return "unknown" if size is None else f"{size >> 20} MB"
