"""`slipway rollback`: take a channel back to what stood there before."""

import click

from slipway.cli import _complete
from slipway.cli.output import json_option, print_json


@click.command()
@click.argument("name", shell_complete=_complete.models)
@click.argument("channel", shell_complete=_complete.channels)
@json_option
def command(name: str, channel: str, as_json: bool) -> None:
    """Point CHANNEL of the model NAME at the version that stood there before.

    Used again, it goes further back.
    """
    from slipway import wiring
    from slipway.adapters.system_clock import SystemClock
    from slipway.domain.names import Channel, ModelName
    from slipway.services.channel_history import ChannelHistory
    from slipway.services.rollback import rollback
    from slipway.settings import load

    model, track = ModelName.parse(name), Channel.parse(channel)
    settings = load()
    done = rollback(
        wiring.image_registry(settings),
        ChannelHistory(wiring.deploy_bucket(settings)),
        SystemClock(),
        model,
        track,
        trail=wiring.command_trail(settings),
    )
    if as_json:
        print_json(done.summary())
    else:
        click.echo(f"{done.channel} of {done.name}: {done.before or 'nothing'} → {done.after}")
