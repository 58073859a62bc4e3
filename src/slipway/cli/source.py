"""`slipway source`: machines that are not there, for streams that are."""

import signal
import time
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from slipway.cli._broker import broker_options

if TYPE_CHECKING:
    from slipway_components.signals.bearing import Bearing


@click.group()
def command() -> None:
    """Sources of readings, to try and to show streams with."""


@command.command()
@broker_options
@click.option("--sensor", default="bearing", show_default=True, help="Its name in topics.")
@click.option(
    "--state", type=click.Choice(["healthy", "broken"]), default="healthy", show_default=True
)
@click.option("--rate", default=100.0, show_default=True, type=click.FloatRange(0.1, 10_000))
@click.option("--batch", default=10, show_default=True, type=click.IntRange(1, 1000),
              help="Samples of a message.")  # fmt: skip
@click.option("--samples", type=click.IntRange(1), help="End after so many.")
@click.option("--seed", default=1, show_default=True, help="The same seed, the same samples.")
def vibration(
    *,
    broker: str,
    username: str,
    password_file: Path | None,
    ca_file: Path | None,
    sensor: str,
    state: str,
    rate: float,
    batch: int,
    samples: int | None,
    seed: int,
) -> None:
    """A bearing's vibration on slipway/readings/SENSOR, until ctrl-C.

    It breaks or is mended while it runs: by `healthy` or `broken` on the topic
    slipway/source/SENSOR/control, or by the signal USR1, which changes one for the other.
    """
    from slipway_components.signals.bearing import Bearing
    from slipway_components.signals.lorenz import State

    from slipway.adapters.mqtt import BrokerAddress, connected

    bearing = Bearing(sensor, State(state), rate=rate, batch=batch, seed=seed)

    def other(_: int, __: FrameType | None) -> None:
        bearing.switch(State.BROKEN if bearing.state is State.HEALTHY else State.HEALTHY)

    signal.signal(signal.SIGUSR1, other)
    address = BrokerAddress.parse(broker, username, password_file, ca_file)
    control = f"slipway/source/{sensor}/control"
    with connected(address, control, lambda _, told: _switch(bearing, told)) as client:
        click.echo(f"{bearing.state} bearing on {bearing.topic}, {rate:g} Hz", err=True)
        sent, lost, begun = 0, 0, time.monotonic()
        while samples is None or sent < samples:
            time.sleep(max(0.0, begun + sent / rate - time.monotonic()))
            lost += not client.publish(bearing.topic, bearing.message())
            sent += batch
    if lost:
        click.echo(f"{lost} messages were dropped: the broker was away for too long", err=True)


def _switch(bearing: "Bearing", told: bytes) -> None:
    from slipway_components.signals.lorenz import State

    word = told.decode(errors="replace").strip()
    if word in list(State):
        bearing.switch(State(word))
        click.echo(f"{word} from now on", err=True)
    else:
        click.echo(f"{word[:40]!r} is neither healthy nor broken; it stays as it is", err=True)
