"""Recordings of what sensors send, without a broker."""

import json
from pathlib import Path

import numpy as np
import pytest

from slipway.adapters.mqtt import BrokerAddress
from slipway.domain.errors import InvalidInput, Unavailable
from slipway.services.record_stream import StreamRecorder
from slipway_features.reading import read


def message(first: int, samples: int, **more: object) -> bytes:
    """Samples at 10 Hz that are their own numbers."""
    values = [[number, -number] for number in range(first, first + samples)]
    return json.dumps({"values": values, "t": 100 + first / 10, "rate": 10, **more}).encode()


def test_samples_follow_one_another_or_it_begins_anew(tmp_path: Path) -> None:
    recorder = StreamRecorder(("a", "b"), 6)
    for body in (message(0, 4), b"?", message(50, 4), message(54, 4, rate=20), message(54, 4)):
        recorder.hear(body)
    recorder.wait(1, "t")
    recorder.write(tmp_path / "label" / "name.csv")
    found = read((tmp_path / "label" / "name.csv").read_bytes(), ("a", "b"), "csv").values
    assert found[:, 0].tolist() == [50, 51, 52, 53, 54, 55]
    assert (recorder.gaps, recorder.rate) == (1, 10.0)
    assert sum(recorder.rejected.values()) == 2


def test_sound_is_recorded_as_a_wav_file(tmp_path: Path) -> None:
    recorder = StreamRecorder(("sound",), 4)
    recorder.hear(b'{"values": [0, 0.5], "rate": 16000}')
    recorder.hear(np.array([-16384, 8192], "<i2").tobytes())
    recorder.wait(1, "t")
    recorder.write(tmp_path / "one.wav")
    found = read((tmp_path / "one.wav").read_bytes(), ("sound",), "wav")
    assert (found.values[:, 0].tolist(), found.rate) == ([0.0, 0.5, -0.5, 0.25], 16000.0)


def test_a_wav_file_needs_a_rate(tmp_path: Path) -> None:
    recorder = StreamRecorder(("sound",), 1)
    recorder.hear(b'{"values": [0]}')
    recorder.wait(1, "t")
    with pytest.raises(InvalidInput, match="a rate that the messages say"):
        recorder.write(tmp_path / "one.wav")


def test_nothing_comes() -> None:
    recorder = StreamRecorder(("a",), 5)
    recorder.hear(b'{"values": [1, 2]}')
    recorder.hear(b'{"values": [[1, 2]]}')
    with pytest.raises(Unavailable, match="2 of 5 samples came on t, and none") as none:
        recorder.wait(0.05, "t")
    assert "not of the axes a" in none.value.hint


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [("10.0.0.1", "10.0.0.1", 1883), ("broker:8883", "broker", 8883), ("[::1]:1884", "::1", 1884)],
)
def test_addresses_of_brokers(text: str, host: str, port: int) -> None:
    assert BrokerAddress.parse(text) == BrokerAddress(host, port)


@pytest.mark.parametrize("text", ["", ":1883", "h:0", "h:x", "h:70000"])
def test_addresses_that_are_none(text: str) -> None:
    with pytest.raises(InvalidInput, match="address of a broker"):
        BrokerAddress.parse(text)
