"""What slipway live shows: one answer a window, at its time, and the majority of the last."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from slipway_components.signals.motion_files import load
from slipway_components.signals.recordings import Recording

from slipway.domain.errors import InvalidDataset, InvalidInput
from slipway.domain.prediction import Prediction, Score, Window
from slipway.services.live import LiveModel, Votes, heard, read_recording, replay
from slipway_features.preparing import preparing
from tests.fixtures.acquisitions import document, write

PREPARING = preparing({"kind": "series", "axes": ["x"], "rate": 10.0, "window": 4, "step": 2}, {})


class Listener:
    """A model that calls a window by its first value, and the clock it is asked by."""

    def __init__(self) -> None:
        self.waited: list[float] = []

    def wait(self, seconds: float) -> None:
        self.waited.append(seconds)

    def ask(self, data: bytes, what: str) -> Prediction:
        document = json.loads(data)
        assert len(document["values"]) == 4
        first = document["values"][0][0]
        if first < 0:
            return self._answer(Window(0, [], None))
        return self._answer(Window(0, [Score(f"label{first:g}", 0.75), Score("other", 0.25)], None))

    def _answer(self, window: Window) -> Prediction:
        return Prediction("m_1_1", "", [Score("whole", 1.0)], [window], None, 0.1)

    @staticmethod
    def body(values: Any, axes: Iterable[str], rate: float) -> bytes:
        return json.dumps({"values": values.tolist(), "axes": list(axes), "rate": rate}).encode()

    def model(self) -> LiveModel:
        return LiveModel(PREPARING, self.ask, self.body, load)


def _recording(values: list[float]) -> Recording:
    return Recording("a", "pump", np.array(values)[:, np.newaxis], 10.0, ("x",))


def test_each_window_is_asked_about_when_it_is_complete() -> None:
    there = Listener()
    given = _recording([1, 0, 1, 0, 2, 0, -1, 0, 0, 0])
    moments = list(replay(given, there.model(), rate=10.0, votes=Votes(3), wait=there.wait))
    assert there.waited == [0.4, 0.6, 0.8, 1.0]
    assert [one.seconds for one in moments] == there.waited
    assert [one.label for one in moments] == ["label1", "label1", "label2", "(silent)"]
    assert [one.score for one in moments] == [0.75, 0.75, 0.75, 0.0]
    assert [one.voted for one in moments] == ["label1", "label1", "label1", "(silent)"]


def test_a_recording_shorter_than_a_window_is_refused() -> None:
    there = Listener()
    with pytest.raises(InvalidDataset, match="pump has 3 samples, a window takes 4"):
        list(replay(_recording([1, 2, 3]), there.model(), rate=1, votes=Votes(1), wait=there.wait))


@pytest.mark.parametrize(
    ("labels", "leads"),
    [("a", "a"), ("aab", "a"), ("aabb", "b"), ("bbaacc", "c"), ("aaabbb", "b"), ("abc", "c")],
)
def test_the_majority_leads_and_of_equals_the_newest(labels: str, leads: str) -> None:
    votes = Votes(4)
    last = ""
    for label in labels:
        last = votes.add("sensor", label)
    assert last == leads


def test_sensors_vote_apart() -> None:
    votes = Votes(3)
    for _ in range(3):
        votes.add("one", "a")
    assert votes.add("two", "b") == "b"
    assert votes.add("one", "b") == "a"


def test_a_file_is_read_by_the_workload_s_own_reader(tmp_path: Path) -> None:
    path = write(tmp_path / "idle.1.json", document([[1, 2, 3]]))
    recording = read_recording(path, load)
    assert recording.values.tolist() == [[1, 2, 3]]
    assert recording.rate == 62.5


def test_a_bad_file_is_named_by_its_own_path(tmp_path: Path) -> None:
    path = tmp_path / "idle.1.json"
    path.write_text("{")
    with pytest.raises(InvalidDataset) as raised:
        read_recording(path, load)
    assert raised.value.message.startswith(f"{path} is not JSON")


def test_a_device_s_message_is_a_moment() -> None:
    message = {"class": "idle", "probability": 0.9, "timestamp": 1.7e9, "sensor": "phone"}
    moment = heard(json.dumps(message).encode(), Votes(1))
    assert (moment.label, moment.score, moment.sensor) == ("idle", 0.9, "phone")
    anomaly = {"class": "anomaly", "score": 3.5, "timestamp": 1.7e9, "sensor": "bearing"}
    assert heard(json.dumps(anomaly).encode(), Votes(1)).score == 3.5


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b"\xff",
        b'{"class": "idle"}',
        b'{"class": 7, "score": 1, "timestamp": 1, "sensor": "s"}',
        b'{"class": "idle", "score": "much", "timestamp": 1, "sensor": "s"}',
        b'{"class": "idle", "score": NaN, "timestamp": 1, "sensor": "s"}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_prediction_is_refused(payload: bytes) -> None:
    with pytest.raises(InvalidInput, match="a message is no prediction"):
        heard(payload, Votes(1))
