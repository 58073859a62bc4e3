"""`slipway live`: watch a model answer, on a recording that is replayed or on a device."""

import json
import queue
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slipway.cli import _complete
from slipway.cli._broker import broker_options
from slipway.cli.output import json_option

if TYPE_CHECKING:
    from slipway.adapters.mqtt import BrokerAddress
    from slipway.services.live import Moment, Votes


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option(
    "--version",
    shell_complete=_complete.versions,
    help="Serve this model version here, and ask it.",
)
@click.option(
    "--url", default="http://127.0.0.1:8080", show_default=True, help="Where the model answers."
)
@click.option(
    "--device",
    shell_complete=_complete.local_devices,
    help="Ask on this local device: its loopback, not this machine's.",
)
@click.option(
    "--speed", default=1.0, show_default=True, type=click.FloatRange(0.1, 1000), help="Times."
)
@click.option("--rate", type=click.FloatRange(0.01), help="Hz, where neither FILE nor model say.")
@click.option(
    "--votes", default=5, show_default=True, type=click.IntRange(1, 1000), help="Of how many."
)
@click.option(
    "--topic", default="slipway/predictions/+", show_default=True, help="Where devices tell."
)
@click.option("--count", type=click.IntRange(1), help="End after so many answers.")
@broker_options
@json_option
def command(
    *,
    file: Path | None,
    version: str | None,
    url: str,
    device: str | None,
    speed: float,
    rate: float | None,
    votes: int,
    topic: str,
    count: int | None,
    broker: str,
    username: str,
    password_file: Path | None,
    ca_file: Path | None,
    as_json: bool,
) -> None:
    """Replay the recording FILE as fast as it was made and show what the model makes of it; or,
    without FILE, show the predictions that devices publish on a broker.

    Beside each answer stands what most of the last --votes answers were. FILE is in the formats
    that the model's pipeline trains on; the model is one that answers at --url or on --device, and
    stands in the model-output bucket, or a --version from there.
    """
    from slipway.adapters.mqtt import BrokerAddress
    from slipway.services.live import Votes

    voting = Votes(votes)
    if file is None:
        moments = _listen(
            BrokerAddress.parse(broker, username, password_file, ca_file), topic, voting
        )
    else:
        moments = _replay(
            file, voting, version=version, url=url, device=device, speed=speed, rate=rate
        )
    seen: Counter[str] = Counter()
    for number, moment in enumerate(moments, 1):
        seen[moment.label] += 1
        _show(moment, as_json=as_json)
        if number == count:
            break
    if file is not None and not as_json:
        total = seen.total()
        click.echo(", ".join(f"{label}: {n} of {total}" for label, n in seen.most_common()))


def _replay(
    file: Path,
    votes: "Votes",
    *,
    version: str | None,
    url: str,
    device: str | None,
    speed: float,
    rate: float | None,
) -> "Iterator[Moment]":
    from slipway.domain.errors import InvalidInput
    from slipway.domain.names import ModelVersion
    from slipway.services.live import read_recording, replay
    from slipway.settings import load
    from slipway.wiring import live_model

    chosen = ModelVersion.parse(version) if version else None
    with ExitStack() as stack:
        model = stack.enter_context(live_model(load(), chosen, url, device))
        recording = read_recording(file, model.load)
        pace = recording.rate or model.preparing.rate or rate
        if not pace:
            raise InvalidInput(f"nobody says how fast {file} was recorded", hint="Give --rate HZ")
        begun = time.monotonic()

        def wait(seconds: float) -> None:
            time.sleep(max(0.0, begun + seconds / speed - time.monotonic()))

        yield from replay(recording, model, rate=pace, votes=votes, wait=wait)


def _listen(address: "BrokerAddress", topic: str, votes: "Votes") -> "Iterator[Moment]":
    from slipway.adapters.mqtt import connected
    from slipway.domain.errors import InvalidInput
    from slipway.services.live import heard

    messages: queue.Queue[bytes] = queue.Queue()
    with connected(address, topic, lambda _, payload: messages.put(payload)):
        while True:
            try:
                yield heard(messages.get(), votes)
            except InvalidInput as error:
                click.echo(f"left out: {error.message}", err=True)


def _show(moment: "Moment", *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(asdict(moment)))
        return
    at = (
        f"{moment.seconds:8.2f} s"
        if moment.seconds < 1e9
        else time.strftime("%H:%M:%S", time.localtime(moment.seconds))
    )
    bar = "█" * round(10 * min(moment.score, 1.0))
    click.echo(
        f"{at}  {moment.sensor}  {moment.label:<16} {moment.score:5.2f} {bar:<10}  {moment.voted}"
    )
