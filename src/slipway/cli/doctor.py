"""`slipway doctor`: what a machine lacks for its role."""

from dataclasses import asdict

import click

from slipway.cli.output import json_option, print_json, print_table
from slipway.domain.machine import Role

_COLOURS = {"ok": "green", "warn": "yellow", "missing": "red"}


@click.command()
@click.argument(
    "role",
    type=click.Choice([role.value for role in Role]),
    default=Role.WORKSTATION.value,
    metavar="[ROLE]",
)
@json_option
def command(role: str, as_json: bool) -> None:
    """Check this machine for ROLE and say what is missing and how to get it: a workstation, where
    everything runs (the default); a builder, that trains and makes images; a device.

    The exit code is 0 when nothing that is needed is missing, else 8. In each bucket an object is
    written and deleted again; nothing else is changed.
    """
    from slipway.domain.errors import MissingTool
    from slipway.services.doctor.check import Verdict, fit
    from slipway.settings import load
    from slipway.wiring_doctor import doctor

    found = doctor(load(), Role(role))
    if as_json:
        print_json({"role": role, "fit": fit(found), "checks": [asdict(each) for each in found]})
    else:
        print_table(("", "what", "found"), [(c.verdict, c.what, c.found) for c in found])
        for each in found:
            if each.verdict is not Verdict.OK:
                word = click.style(each.verdict, fg=_COLOURS[each.verdict])
                click.echo(f"\n{word}: {each.what}: {each.found}\n   hint: {each.remedy}")
        counts = {verdict: sum(each.verdict is verdict for each in found) for verdict in Verdict}
        click.echo("\n" + ", ".join(f"{number} {verdict}" for verdict, number in counts.items()))
    raise SystemExit(0 if fit(found) else MissingTool.exit_code)
