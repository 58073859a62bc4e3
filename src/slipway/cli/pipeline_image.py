"""`slipway pipeline-image`: what pipeline tasks run in on a cluster."""

import click

from slipway.cli.output import json_option, print_json
from slipway.cli.packaging import show_stage


@click.command()
@json_option
def command(as_json: bool) -> None:
    """Build the image that pipeline tasks run in on a cluster and push it to the registry.

    Prints its reference, for `slipway compile --image`. Local runs need none.
    """
    from slipway.services.shared_images import PIPELINE
    from slipway.settings import load
    from slipway.wiring import shared_images

    settings = load()
    digest = shared_images(settings).pipeline(show_stage)
    reference = f"{settings.registry.address}/{PIPELINE}@{digest}"
    if as_json:
        print_json({"image": reference})
    else:
        click.echo(reference)
