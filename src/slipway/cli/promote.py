"""`slipway promote`: let a channel follow a version."""

import click

from slipway.cli import _complete
from slipway.cli.output import json_option, print_json


@click.command()
@click.argument("name", shell_complete=_complete.models)
@click.argument("version", shell_complete=_complete.versions)
@click.argument("channel", shell_complete=_complete.channels)
@json_option
def command(name: str, version: str, channel: str, as_json: bool) -> None:
    """Point CHANNEL of the model NAME at VERSION: its devices get it from then on."""
    from slipway import wiring
    from slipway.domain.names import Channel, ModelName, ModelVersion
    from slipway.services.promote import promote
    from slipway.settings import load

    settings = load()
    done = promote(
        wiring.image_registry(settings),
        ModelName.parse(name),
        ModelVersion.parse(version),
        Channel.parse(channel),
        trail=wiring.command_trail(settings),
    )
    if as_json:
        print_json(done.summary())
    elif done.changed:
        click.echo(f"{done.channel} of {done.name}: {done.before or 'nothing'} → {done.after}")
    else:
        click.echo(f"{done.channel} of {done.name} stands at {done.after} already")
