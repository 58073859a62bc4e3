"""`slipway source` and `slipway stream`, with the real broker."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from slipway_components.signals.lorenz import Lorenz, State

from slipway_features.reading import read
from tests.fixtures.free_ports import free_port
from tests.fixtures.mosquitto import Mosquitto, listening, make_passwords
from tests.fixtures.waiting import wait_for

pytestmark = pytest.mark.system

_SLIPWAY = (sys.executable, "-c", "from slipway.cli import main; main()")


def slipway(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end."""
    command = [*_SLIPWAY, *arguments]
    return subprocess.run(command, capture_output=True, check=False, text=True, timeout=120)


def source(mosquitto: Mosquitto, *more: str) -> "subprocess.Popen[str]":
    """A bearing that runs ten times as fast."""
    broker = f"127.0.0.1:{mosquitto.port}"
    command = [*_SLIPWAY, "source", "vibration", "--broker", broker, "--rate", "1000", *more]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def test_what_a_source_sends_is_recorded(mosquitto: Mosquitto, tmp_path: Path) -> None:
    output = tmp_path / "healthy" / "one.csv"
    command = [
        *_SLIPWAY, "stream", "record", "--broker", f"127.0.0.1:{mosquitto.port}",
        "--topic", "slipway/readings/bearing", "--samples", "250", "-o", str(output), "--json",
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as recording:
        bearing = source(mosquitto)
        told, _ = recording.communicate(timeout=120)
        bearing.send_signal(signal.SIGINT)
        bearing.communicate(timeout=30)
    assert recording.returncode == 0
    document = json.loads(told)
    assert (document["samples"], document["rate"], document["gaps"]) == (250, 1000.0, 0)
    values = read(output.read_bytes(), ("x", "y", "z"), "csv").values
    made = Lorenz(1).take(5000).round(6)
    (start,) = np.flatnonzero((made == values[0]).all(axis=1))
    assert np.array_equal(values, made[start : start + 250])


def test_a_source_is_switched_while_it_runs(mosquitto: Mosquitto) -> None:
    bearing = source(mosquitto, "--sensor", "axle")

    def broken() -> bool:
        """Whether the last samples are of a broken one: only that reaches so far."""
        return bool(np.max(client.of("slipway/readings/axle")[-1]["values"]) > 60)

    with listening(mosquitto.port, "slipway/readings/axle") as client:
        client.wait("slipway/readings/axle", 5)
        assert not broken()
        client.send("slipway/source/axle/control", b"smashed")
        client.send("slipway/source/axle/control", b"broken")
        wait_for(broken, "it to break")
        os.kill(bearing.pid, signal.SIGUSR1)
        count = len(client.messages)
        wait_for(
            lambda: (
                len(client.messages) > count + 300
                and np.max([one["values"] for one in client.of("slipway/readings/")[-100:]]) < 60
            ),
            "it to be mended",
        )
        bearing.send_signal(signal.SIGINT)
        _, said = bearing.communicate(timeout=30)
    assert bearing.returncode == 130
    assert "'smashed' is neither healthy nor broken" in said
    assert f"{State.BROKEN} from now on" in said


def test_mistakes_are_told_in_one_message(mosquitto: Mosquitto, tmp_path: Path) -> None:
    there = tmp_path / "there.csv"
    there.touch()
    record = ("stream", "record", "--topic", "t", "--samples", "5", "--timeout", "0.3", "-o")
    broker = ("--broker", f"127.0.0.1:{mosquitto.port}")
    nobody = ("--broker", f"127.0.0.1:{free_port()}")
    for arguments, code, message in [
        ((*record, str(there), *broker), 5, "is there already"),
        ((*record, "a.txt", *broker), 2, "neither .csv nor .wav"),
        ((*record, str(tmp_path / "a.csv"), *nobody), 7, "no broker answers"),
        ((*record, str(tmp_path / "a.csv"), *broker), 7, "0 of 5 samples came on t"),
        (("source", "vibration", "--broker", "a:b"), 2, "not the address of a broker"),
        (("source", "vibration", *broker, "--sensor", "a/b"), 2, "not a sensor's name"),
    ]:
        done = slipway(*arguments)
        assert (done.returncode, message in done.stderr) == (code, True), done.stderr
        assert "Traceback" not in done.stderr


def test_a_broker_that_wants_a_password(tmp_path: Path) -> None:
    passwords = make_passwords(tmp_path, "edge", "open sesame")
    (tmp_path / "secret").write_text("open sesame\n")
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    mosquitto = Mosquitto(free_port(), folder, f"password_file {passwords}\n")
    mosquitto.start()
    try:
        broker = ("source", "vibration", "--broker", f"127.0.0.1:{mosquitto.port}")
        samples = ("--samples", "10")
        refused = slipway(*broker, *samples)
        taken = slipway(
            *broker, *samples, "--username", "edge", "--password-file", str(tmp_path / "secret")
        )
    finally:
        mosquitto.stop()
    assert (refused.returncode, "refuses" in refused.stderr) == (4, True)
    assert taken.returncode == 0
