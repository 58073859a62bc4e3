"""`slipway stream`: what devices' sensors send, as recordings to train on."""

from pathlib import Path

import click

from slipway.cli._broker import broker_options
from slipway.cli._progress import Count, line
from slipway.cli.output import json_option, print_json


@click.group()
def command() -> None:
    """Streams of readings."""


@command.command()
@broker_options
@click.option("--topic", required=True, help="Of one sensor: slipway/readings/SENSOR.")
@click.option("--samples", required=True, type=click.IntRange(1, 10_000_000), help="To record.")
@click.option("--axes", default="x,y,z", show_default=True, help="What each sample is of.")
@click.option("--timeout", default=60.0, show_default=True, type=click.FloatRange(0.1, 86400),
              help="Seconds without a reading after which it is given up.")  # fmt: skip
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path, dir_okay=False),
              help="DIR/LABEL/NAME.csv; NAME.wav of a microphone.")  # fmt: skip
@json_option
def record(
    *,
    broker: str,
    username: str,
    password_file: Path | None,
    ca_file: Path | None,
    topic: str,
    samples: int,
    axes: str,
    timeout: float,
    output: Path,
    as_json: bool,
) -> None:
    """Record one sensor's stream into a file that the pipelines of signals train on."""
    from slipway.adapters.mqtt import BrokerAddress, connected
    from slipway.services.record_stream import StreamRecorder, check_output

    check_output(output)
    recorder = StreamRecorder(tuple(axis.strip() for axis in axes.split(",")), samples)
    address = BrokerAddress.parse(broker, username, password_file, ca_file)
    count = Count("record", "samples", samples, lambda: recorder.samples)
    with connected(address, topic, lambda _, body: recorder.hear(body)), line(count.__str__):
        recorder.wait(timeout, topic)
    recorder.write(output)
    told = {"output": str(output), "samples": samples, "rate": recorder.rate,
            "gaps": recorder.gaps, "rejected": recorder.rejected}  # fmt: skip
    if as_json:
        print_json(told)
        return
    rate = f" at {recorder.rate:g} Hz" if recorder.rate else ""
    click.echo(f"{output}: {samples} samples{rate}")
    if recorder.gaps:
        click.echo(f"{recorder.gaps} gaps, so begun anew: samples were missing", err=True)
    for why, number in recorder.rejected.items():
        click.echo(f"{number} messages were left out: {why}", err=True)
