"""`slipway export-c`: a model of sounds as C sources for a microcontroller's firmware."""

from pathlib import Path

import click

from slipway.cli import _complete
from slipway.cli.output import json_option, print_json


@click.command()
@click.argument("version", shell_complete=_complete.versions)
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="A new folder."
)
@json_option
def command(version: str, output: Path, as_json: bool) -> None:
    """Write VERSION from the model-output bucket as C sources into a new folder.

    The folder gets the model as an array, the features with their tables, a test vector, and
    selftest.c, a program that checks the features. Printed are the sizes in bytes that a
    microcontroller needs.
    """
    from slipway_components.firmware.task import export_c

    from slipway.domain.names import ModelVersion
    from slipway.services.image_context import scratch
    from slipway.services.model_output import CARD, folder_of
    from slipway.services.package_model import MODEL
    from slipway.settings import load
    from slipway.wiring import model_output_bucket

    source = folder_of(ModelVersion.parse(version))
    bucket = model_output_bucket(load())
    with scratch() as folder:
        for name in (CARD, MODEL):
            bucket.download(source + name, folder / name)
        written = export_c(folder, output)
    sizes = {
        "flash": written.flash,
        "flash_model": written.model,
        "flash_features": written.features,
        "arena": written.arena.total,
        "arena_tensors": written.arena.tensors,
    }
    if as_json:
        print_json({"version": version, "folder": str(output), "bytes": sizes})
        return
    click.echo(f"folder  {output}")
    click.echo(f"flash   {written.flash} bytes: model {written.model}, tables {written.features}")
    click.echo(
        f"arena   {written.arena.total} bytes: tensors {written.arena.tensors}, about"
        f" {written.arena.structures} for the interpreter's own structures"
    )
