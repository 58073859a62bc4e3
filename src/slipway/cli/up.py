"""`slipway up`: start the local installation."""

from dataclasses import asdict

import click

from slipway.cli._progress import note
from slipway.cli.output import json_option, print_json


@click.command()
@json_option
def command(as_json: bool) -> None:
    """Start the registry, the functions and the events between them, the runner of queued runs
    and the web console, on loopback unless console.host says otherwise.

    What runs already is left alone. State and logs lie in .slipway/run, keys in .slipway/keys.
    """
    from slipway import wiring
    from slipway.console.doors import open_door
    from slipway.local import stack
    from slipway.settings import load

    say = note if as_json else click.echo

    settings = load()
    if wiring.make_embedded_keys(settings):
        say(f"keys          made in {settings.keys}; see docs/trust.md where to keep them")
    wiring.check_before_start(settings)
    open_door(settings)  # whether anybody can log in to the console
    stack.up(settings, say)
    if as_json:
        print_json({"parts": [asdict(part) for part in stack.status(settings)]})
