"""`slipway publish-agent`: the agent's image, delivered by the channels themselves."""

import click

from slipway.cli import _complete
from slipway.cli._progress import Stages
from slipway.cli.output import json_option
from slipway.cli.packaging import show_packaged


@click.command()
@click.argument("channels", nargs=-1, shell_complete=_complete.channels, metavar="[CHANNEL]...")
@json_option
def command(channels: tuple[str, ...], as_json: bool) -> None:
    """Build the agent's image for every arch and tag it with each CHANNEL.

    Without a channel it is released on `latest` and in the channels that have no agent yet.
    When nothing changed since the last version, that one is released again.
    """
    from slipway.domain.names import Channel
    from slipway.settings import load
    from slipway.wiring import app_packager

    chosen = [Channel.parse(channel) for channel in channels]
    settings = load()
    with Stages.shown(settings.cache, "publish-agent") as progress:
        done = app_packager(settings).agent(chosen, progress)
    show_packaged(done, as_json=as_json)
