"""Updates in mid-stream: one version takes over from another, and every reading leads to one
prediction."""

from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.fixtures.free_ports import free_port
from tests.fixtures.mosquitto import Mosquitto, listening
from tests.fixtures.serving import Serving, running_serving
from tests.fixtures.streaming import MOTIONS, NEXT_MOTIONS, Sensors, end, write_streams
from tests.fixtures.waiting import wait_for

pytestmark = pytest.mark.system

_RULE = (
    '[[rule]]\nname = "slow"\nclass = "slow"\nwindows = 3\npublish = {topic = "acted/$sensor"}\n'
)
_MANY = "[bounds]\nsensors = 10000\n"


def _has_the_streams(serving: Serving) -> bool:
    """By its log: the address is shared."""
    lines = [line for line in serving.log.read_text().splitlines() if line.startswith("streams:")]
    taken = [number for number, line in enumerate(lines) if "has the streams" in line]
    given = [number for number, line in enumerate(lines) if "another version has asked" in line]
    return bool(taken) and (not given or given[-1] < taken[-1])


def test_an_update_in_mid_stream_is_neither_silent_nor_acts_twice(
    motions: Path, next_motions: Path, tmp_path: Path, mosquitto: Mosquitto
) -> None:
    file = write_streams(tmp_path / "streams", mosquitto, _MANY, _RULE)
    port, moves = free_port(), 4
    with ExitStack() as stack:
        client = stack.enter_context(
            listening(mosquitto.port, "slipway/predictions/+", "acted/axle")
        )

        def started(model: Path) -> Serving:
            serving = stack.enter_context(
                running_serving(model, tmp_path, "--streams", str(file), port=port)
            )
            wait_for(lambda: _has_the_streams(serving), "its turn")
            return serving

        old = started(motions)
        sensors = Sensors(client)
        with sensors.sending():
            client.wait("slipway/predictions/axle", 5)
            for number in range(moves):
                new = started((next_motions, motions)[number % 2])
                assert not _has_the_streams(old)
                before = len(client.of("slipway/predictions/axle"))
                client.wait("slipway/predictions/axle", before + 5)
                end(old)
                old = new
        sent = sensors.sent
        # Each message completes a window but the first one of every process.
        client.wait("slipway/predictions/axle", sent - 1 - moves)
        client.wait("slipway/predictions/one-", sent)
        end(old)
        ones = Counter(one["sensor"] for one in client.of("slipway/predictions/one-"))
        axle = client.of("slipway/predictions/axle")
        acted = client.of("acted/axle")
    assert ones == {f"one-{number}": 1 for number in range(sent)}
    assert len(axle) == sent - 1 - moves
    assert {one["class"] for one in axle} == {"slow"}
    assert {one["version"] for one in axle} == {MOTIONS, NEXT_MOTIONS}
    assert len(acted) == 1


def test_the_version_before_goes_on_when_the_next_one_dies(
    motions: Path, next_motions: Path, tmp_path: Path, mosquitto: Mosquitto
) -> None:
    file = write_streams(tmp_path / "streams", mosquitto, _MANY)
    options, port = ("--streams", str(file)), free_port()
    with (
        listening(mosquitto.port, "slipway/predictions/+") as client,
        running_serving(motions, tmp_path, *options, port=port) as old,
    ):
        wait_for(lambda: _has_the_streams(old), "its turn")
        sensors = Sensors(client)
        with running_serving(next_motions, tmp_path, *options, port=port) as new:
            wait_for(lambda: _has_the_streams(new), "its turn")
            sensors.send()
            client.wait("slipway/predictions/one-", 1)
            new.process.kill()
            new.process.wait()
            for _ in range(10):  # meanwhile the broker keeps them
                sensors.send()
        came = client.wait("slipway/predictions/one-", 11)
    assert [one["version"] for one in came] == [NEXT_MOTIONS] + [MOTIONS] * 10
