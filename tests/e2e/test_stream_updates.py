"""A model replaced on a device in mid-stream, with every part real: the pod takes readings from a
broker of the device's network and publishes what it makes of them."""

import http.client
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from slipway.local import netns
from slipway.local.leases import GATEWAY
from tests.fixtures.fleet import Edge, new_edge
from tests.fixtures.free_ports import free_port
from tests.fixtures.mosquitto import Mosquitto, listening
from tests.fixtures.own_models import release_model
from tests.fixtures.streaming import MOTIONS, NEXT_MOTIONS, Sensors
from tests.fixtures.tiny_signal import make_tiny_signal_model

pytestmark = [pytest.mark.system, pytest.mark.slow, pytest.mark.timeout(900)]

NAME, PORT, PROGRAM = "motions", 8080, "slipway_serving"
SOON = {'probation: "30"': 'probation: "5"'}
PAUSE = 0.05  # seconds between two readings of a sensor


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    folder = tmp_path_factory.mktemp("streams")
    with new_edge(folder, "streams", "model-pod.yaml.j2", SOON) as made:
        yield made


@pytest.fixture
def broker(edge: Edge, tmp_path: Path) -> Iterator[Mosquitto]:
    """On this machine's loopback, and where devices reach this machine."""
    port = free_port()
    options = f"allow_anonymous true\nlistener {port} {GATEWAY}\n"
    made = Mosquitto(port, tmp_path, options)
    made.start()
    yield made
    made.stop()


def _has_streams(edge: Edge) -> bool | None:
    """Whether the pod has the streams, as it says itself."""

    def ask() -> Any:
        with closing(http.client.HTTPConnection("127.0.0.1", PORT, timeout=10)) as connection:
            connection.request("GET", "/streams/")
            return json.loads(connection.getresponse().read())

    told = netns.inside(netns.running(edge.settings, edge.name), ask)
    return told.get("readings") == told.get("predictions") == "ok" or None


def test_an_update_in_mid_stream_loses_no_reading_and_answers_none_twice(
    edge: Edge, broker: Mosquitto, tmp_path: Path
) -> None:
    settings = edge.disk / "streams" / NAME / "streams.toml"
    settings.parent.mkdir()
    settings.write_text(
        f'[broker]\nhost = "{GATEWAY}"\nport = {broker.port}\n'
        "[windows]\nvotes = 1\n[bounds]\nsensors = 10000\n"
    )
    release = partial(
        release_model,
        edge.settings,
        tmp_path / "trained",
        make=partial(make_tiny_signal_model, which="motions"),
    )
    release(version=MOTIONS)
    edge.wait_slot(NAME, "running", MOTIONS)
    edge.chain.wait("the streams to begin", lambda: _has_streams(edge))
    with listening(broker.port, "slipway/predictions/+") as client:
        sensors = Sensors(client, PAUSE)
        with sensors.sending():
            client.wait("slipway/predictions/axle", 5)
            release(version=NEXT_MOTIONS)
            edge.wait_slot(NAME, "running", NEXT_MOTIONS)
            edge.wait_alone(NAME, PROGRAM)
            before = len(client.of("slipway/predictions/axle"))
            client.wait("slipway/predictions/axle", before + 5)
        # Each message completes a window but the first one of either version.
        axle = client.wait("slipway/predictions/axle", sensors.sent - 2)
        client.wait("slipway/predictions/one-", sensors.sent)
        ones = Counter(one["sensor"] for one in client.of("slipway/predictions/one-"))
    assert ones == {f"one-{number}": 1 for number in range(sensors.sent)}
    assert len(axle) == sensors.sent - 2
    assert {one["version"] for one in axle} == {MOTIONS, NEXT_MOTIONS}
    assert {(one["device"], one["class"]) for one in axle} == {(edge.name, "slow")}
