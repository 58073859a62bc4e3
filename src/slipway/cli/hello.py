"""`slipway hello`: an image to try the delivery with."""

import click

from slipway.cli._progress import Stages
from slipway.cli.output import json_option
from slipway.cli.packaging import show_packaged


@click.command()
@json_option
def command(as_json: bool) -> None:
    """Build the hello image for every arch as a new version and tag it `latest`.

    On a device its page /version/ on port 8090 gives the digest of the image that runs.
    """
    from slipway.settings import load
    from slipway.wiring import app_packager

    settings = load()
    with Stages.shown(settings.cache, "hello") as progress:
        done = app_packager(settings).hello(progress)
    show_packaged(done, as_json=as_json)
