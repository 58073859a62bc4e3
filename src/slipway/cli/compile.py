"""`slipway compile`: a pipeline as YAML for a Kubeflow cluster."""

from pathlib import Path

import click

from slipway.cli import _complete
from slipway.cli.output import json_option, tell


@click.command()
@click.argument("pipeline", shell_complete=_complete.pipelines)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Default: PIPELINE.yaml.")
@click.option("--image", help="The image its tasks run in, with Slipway installed.")
@json_option
def command(pipeline: str, output: Path | None, image: str | None, *, as_json: bool) -> None:
    """Compile PIPELINE to the IR YAML that a Kubeflow Pipelines cluster takes.

    The same pipeline gives the same file, byte for byte.
    """
    from slipway.wiring import compile_pipeline

    output = output or Path(f"{pipeline}.yaml")
    compile_pipeline(pipeline, output, image)
    tell({"pipeline": pipeline, "output": str(output)}, str(output), as_json=as_json)
