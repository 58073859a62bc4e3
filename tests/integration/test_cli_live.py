"""`slipway live` on a broker: what devices publish, as they publish it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.mosquitto import Mosquitto, listening

pytestmark = pytest.mark.system


def _message(label: str, **more: Any) -> dict[str, Any]:
    return {"class": label, "probability": 0.9, "timestamp": 1.7e9, "sensor": "phone", **more}


def test_predictions_are_shown_and_anything_else_is_left_out(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    command = ["live", "--broker", f"127.0.0.1:{mosquitto.port}", "--count", "3", "--json"]
    watching = subprocess.Popen(
        [sys.executable, "-c", "from slipway.cli import main; main()", *command],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    sent = 0
    with listening(mosquitto.port) as device:
        while watching.poll() is None:  # until it has subscribed and seen three
            assert sent < 1000
            device.send("slipway/predictions/phone", _message("idle"))
            device.send("slipway/predictions/phone", b"no JSON")
            sent += 1
            try:
                watching.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
    output, errors = watching.communicate()
    assert watching.returncode == 0, errors
    moments = [json.loads(line) for line in output.splitlines()]
    assert [one["label"] for one in moments] == 3 * ["idle"]
    assert {(one["sensor"], one["score"], one["voted"]) for one in moments} == {
        ("phone", 0.9, "idle")
    }
    assert "left out: a message is no prediction" in errors
