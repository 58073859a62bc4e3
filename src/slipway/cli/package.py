"""`slipway package`: a trained version becomes one image per arch."""

import click

from slipway.cli import _complete
from slipway.cli._progress import Stages
from slipway.cli.output import json_option
from slipway.cli.packaging import show_packaged


@click.command()
@click.argument("version", shell_complete=_complete.versions)
@json_option
def command(version: str, as_json: bool) -> None:
    """Pack VERSION from the model-output bucket into one serving image per arch.

    Each image has to reproduce the model's golden samples before anything is tagged. Then the
    registry gets the index with the tag VERSION, and `latest` when no newer version is there.
    """
    from slipway.domain.names import ModelVersion
    from slipway.settings import load
    from slipway.wiring import model_packager

    parsed = ModelVersion.parse(version)
    settings = load()
    with Stages.shown(settings.cache, "package") as progress:
        done = model_packager(settings).package(parsed, progress)
    show_packaged(done, as_json=as_json)
