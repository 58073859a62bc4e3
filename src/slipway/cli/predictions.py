"""`slipway predictions`: what devices have predicted."""

import json
import time
from collections.abc import Mapping
from typing import Any

import click

from slipway.cli import _complete
from slipway.cli.output import json_option, print_table


@click.command()
@click.option("--device", default="", shell_complete=_complete.devices, help="Of one device.")
@click.option("--model", default="", shell_complete=_complete.models, help="Of one model.")
@click.option(
    "--version", default="", shell_complete=_complete.versions, help="Of one model version."
)
@click.option("--hours", type=click.FloatRange(min=0), help="Of the last so many hours.")
@click.option("--last", type=click.IntRange(min=1), default=20, show_default=True, help="At most.")
@json_option
def command(
    *, device: str, model: str, version: str, hours: float | None, last: int, as_json: bool
) -> None:
    """Show the newest predictions that devices have shipped; with --json all of those asked for,
    a line each."""
    from slipway import wiring
    from slipway.domain.names import ModelName, ModelVersion
    from slipway.services.predictions import Wish, predictions
    from slipway.settings import load

    if model:
        ModelName.parse(model)
    if version:
        ModelVersion.parse(version)
    since = time.time() - hours * 3600 if hours is not None else 0.0
    found = predictions(
        wiring.reports_bucket(load()),
        Wish(device, model, version, since),
        lambda text: click.echo(f"predictions: {text}", err=True),
    )
    if as_json:
        for record in found:
            click.echo(json.dumps(record))
        return
    newest = sorted(found, key=lambda record: float(record["time"]))[-last:]
    if not newest:
        click.echo("No device has shipped such a prediction yet")
        return
    columns = ("time", "device", "version", "answer", "score", "ms", "input")
    print_table(columns, [_row(record) for record in newest])


def _row(record: Mapping[str, Any]) -> tuple[str, ...]:
    from slipway.services.predictions import line_of

    line = line_of(record)
    return (
        time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(line.time)),
        line.device,
        line.version,
        line.label,
        f"{line.score:.2f}" if line.score is not None else "",
        f"{line.latency:.0f}" if line.latency is not None else "",
        line.input,
    )
