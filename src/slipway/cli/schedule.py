"""`slipway schedule`: pipelines that are run at set times."""

import time

import click

from slipway.cli import _complete
from slipway.cli.output import json_option, print_json, print_table, tell

_backend = click.option(
    "--backend",
    "where",
    type=click.Choice(["local", "kubeflow"]),
    default="local",
    show_default=True,
    help="Where it runs.",
)


@click.group()
def command() -> None:
    """Run pipelines at set times: on this machine by the runner that slipway up starts, or as
    recurring runs of a Kubeflow Pipelines server. Times are in UTC."""


@command.command()
@click.argument("name")
@click.argument("pipeline", shell_complete=_complete.pipelines)
@click.option("--cron", required=True, help="Minute, hour, day, month, weekday, as '0 3 * * *'.")
@click.option("-p", "--param", "params", multiple=True, metavar="KEY=VALUE", help="A parameter.")
@_backend
@json_option
def add(
    name: str, pipeline: str, cron: str, params: tuple[str, ...], where: str, *, as_json: bool
) -> None:
    """Run PIPELINE at the times of --cron, as the schedule NAME. Of times that were missed, because
    the machine was off, one is made good."""
    from slipway import wiring
    from slipway.services import schedules
    from slipway.settings import load

    settings = load()
    schedule = schedules.add(
        wiring.schedules(settings, where),
        wiring.pipeline_backend(settings, where),
        wiring.run_defaults(settings),
        name=name,
        pipeline=pipeline,
        cron=cron,
        given=params,
        trail=wiring.command_trail(settings),
    )
    following = schedules.next_time(cron, schedule.since)
    if as_json:
        print_json({"name": name, "pipeline": pipeline, "cron": cron, "next": following})
    else:
        click.echo(f"{name}: next at {_when(following)} UTC")


@command.command("list")
@_backend
@json_option
def show(where: str, *, as_json: bool) -> None:
    """List the schedules."""
    from slipway import wiring
    from slipway.services.schedules import next_time
    from slipway.settings import load

    found = wiring.schedules(load(), where).schedules()
    following = [
        0.0 if each.paused else next_time(each.cron, each.since or time.time()) for each in found
    ]
    if as_json:
        print_json(
            [
                {
                    "name": each.name,
                    "pipeline": each.pipeline,
                    "cron": each.cron,
                    "parameters": dict(each.given),
                    "actor": each.actor,
                    "paused": each.paused,
                    "next": moment,
                    "last_run": each.last_run,
                    "problem": each.problem,
                }
                for each, moment in zip(found, following, strict=True)
            ]
        )
        return
    print_table(
        ("name", "pipeline", "cron", "next (UTC)", "last run", ""),
        [
            (
                each.name,
                each.pipeline,
                each.cron,
                "paused" if each.paused else _when(moment),
                each.last_run,
                each.problem,
            )
            for each, moment in zip(found, following, strict=True)
        ],
        "There is no schedule: slipway schedule add makes one",
    )


@command.command()
@click.argument("name", shell_complete=_complete.schedules)
@_backend
@json_option
def remove(name: str, where: str, *, as_json: bool) -> None:
    """Forget the schedule NAME; runs that it started go on."""
    from slipway import wiring
    from slipway.services import schedules
    from slipway.settings import load

    settings = load()
    trail = wiring.command_trail(settings)
    schedules.remove(wiring.schedules(settings, where), name, trail=trail)
    tell({"name": name, "removed": True}, f"{name} is forgotten", as_json=as_json)


@command.command()
@click.argument("name", shell_complete=_complete.schedules)
@_backend
@json_option
def pause(name: str, where: str, *, as_json: bool) -> None:
    """Let the schedule NAME start nothing for a while."""
    _pause(name, where, paused=True, as_json=as_json)


@command.command()
@click.argument("name", shell_complete=_complete.schedules)
@_backend
@json_option
def resume(name: str, where: str, *, as_json: bool) -> None:
    """Let the schedule NAME go on with the next of its times."""
    _pause(name, where, paused=False, as_json=as_json)


def _pause(name: str, where: str, *, paused: bool, as_json: bool) -> None:
    from slipway import wiring
    from slipway.services import schedules
    from slipway.settings import load

    settings = load()
    trail = wiring.command_trail(settings)
    schedules.pause(wiring.schedules(settings, where), name, paused=paused, trail=trail)
    tell(
        {"name": name, "paused": paused},
        f"{name} {'pauses' if paused else 'goes on'}",
        as_json=as_json,
    )


def _when(moment: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.gmtime(moment))
