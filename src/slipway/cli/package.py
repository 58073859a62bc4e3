"""`slipway package`: a trained version becomes one image per arch."""

import click

from slipway.cli import _complete
from slipway.cli.output import json_option
from slipway.cli.packaging import show_packaged, show_stage


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
    done = model_packager(load()).package(parsed, show_stage)
    show_packaged(done, as_json=as_json)
