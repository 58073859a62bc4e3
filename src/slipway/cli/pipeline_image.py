"""`slipway pipeline-image`: what pipeline tasks run in on a cluster."""

import click

from slipway.cli._progress import Stages
from slipway.cli.output import json_option, tell


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
    with Stages.shown(settings.cache, "pipeline-image") as progress:
        digest = shared_images(settings).pipeline(progress)
    reference = f"{settings.registry.address}/{PIPELINE}@{digest}"
    tell({"image": reference}, reference, as_json=as_json)
