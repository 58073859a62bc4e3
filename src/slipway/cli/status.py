"""`slipway status`: what is up, what is wrong, and what to do."""

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slipway.cli.output import json_option, print_json, print_table

if TYPE_CHECKING:
    from slipway.services.overview.gather import Overview

_DAY = 86_400  # seconds
_SHOWN = 6  # problems on one screen


@click.command()
@json_option
def command(as_json: bool) -> None:
    """Show in one screen what of the installation is up, what is wrong, and what to do about it.

    Runs are those of the last day. What does not answer within five seconds is a problem of its
    own. The exit code is 0 whatever is wrong; --json gives the problems to who wants to act.
    """
    from slipway.settings import load
    from slipway.wiring.overview import overview

    settings = load()
    found = overview(settings)
    if as_json:
        print_json({"home": str(settings.home), **asdict(found)})
    else:
        _show_parts(found)
        _show_rest(found)
        _show_problems(found)


def _show_parts(found: "Overview") -> None:
    print_table(
        ("part", "state", "where"),
        [
            (part.name, f"runs ({part.pid})" if part.running else "stopped", part.where)
            for part in found.parts
        ],
    )
    click.echo()


def _show_rest(found: "Overview") -> None:
    rows = [
        ("runs", _runs(found)),
        ("channels", _releases(found)),
        ("devices", _devices(found)),
        ("signatures", _validity(found)),
        ("disk", _disk(found)),
        ("logs", ", ".join(sorted({str(Path(part.log).parent) for part in found.parts}))),
    ]
    for what, text in rows:
        click.echo(f"{what:<12}{text}")


def _runs(found: "Overview") -> str:
    if (runs := found.runs) is None:
        return "unknown"
    running = f"{len(runs.running)} running" + (f" ({runs.running[0]})" if runs.running else "")
    ended = f"{runs.succeeded} succeeded and {len(runs.failed)} failed in the last day"
    return f"{running}, {len(runs.waiting)} waiting, {ended}"


def _releases(found: "Overview") -> str:
    if (all_ := found.releases) is None:
        return "unknown"
    parts = [f"{all_.standing} releases"]
    if all_.undelivered:
        parts.append(f"{len(all_.undelivered)} not delivered everywhere")
    if all_.waiting:
        parts.append(f"{len(all_.waiting)} changes wait for signatures")
    return ", ".join(parts)


def _devices(found: "Overview") -> str:
    if (fleet := found.devices) is None:
        return "unknown"
    counts = ", ".join(f"{number} {health}" for health, number in fleet.counts.items())
    return f"{fleet.total} devices: {counts}" if counts else "none has reported yet"


def _validity(found: "Overview") -> str:
    if found.validity is None:
        return "unknown"
    if not found.validity:
        return "nothing is published yet"
    role, end = min(found.validity.items(), key=lambda item: item[1])
    left = end - time.time()
    return f"all valid; {role} is due first, in {left / _DAY:.1f} days" if left > 0 else "expired"


def _disk(found: "Overview") -> str:
    if (disk := found.disk) is None:
        return "unknown"
    return f"{disk.free / 1e9:.0f} of {disk.total / 1e9:.0f} GB free in {disk.folder}"


def _show_problems(found: "Overview") -> None:
    click.echo()
    if not found.problems:
        click.echo(click.style("Nothing is wrong", fg="green"))
        return
    for problem in found.problems[:_SHOWN]:
        click.echo(f"{click.style('problem', fg='red')}: {problem.message}")
        if problem.hint:
            click.echo(f"   {click.style('hint', fg='cyan')}: {problem.hint}")
    if len(found.problems) > _SHOWN:
        click.echo(f"{len(found.problems) - _SHOWN} more: slipway status --json")
