"""From messages to predictions, without a network."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from slipway_serving.streams import station as station_module
from slipway_serving.streams.counts import Counts
from slipway_serving.streams.cutting import Cutter
from slipway_serving.streams.settings import read_settings
from slipway_serving.streams.station import Station

from slipway_features.messages import Rejected, read_reading
from slipway_features.wav import write_wav
from tests.fakes.stream_model import FakeModel


def make_station(tmp_path: Path, text: str = "", model: FakeModel | None = None) -> Station:
    (tmp_path / "streams.toml").write_text(text)
    settings = read_settings(tmp_path / "streams.toml", "press-7")
    return Station(model or FakeModel(), settings, Counts())


def message(values: Sequence[float], **more: object) -> bytes:
    """Samples whose second axis is 1."""
    return json.dumps({"values": [[value, 1] for value in values], **more}).encode()


def classes(station: Station, values: Sequence[float], sensor: str = "s") -> list[str]:
    return [made.label for made in station.take(sensor, message(values))]


@pytest.mark.parametrize("step", [1, 3, 4, 7])
@pytest.mark.parametrize("pieces", [[40], [1] * 40, [*[3, 4, 5] * 3, 4], [13, 1, 26]])
def test_windows_are_the_same_however_samples_come(step: int, pieces: list[int]) -> None:
    values = np.arange(80.0).reshape(-1, 2)
    cutter = Cutter(4, step, 2)
    found, start = [], 0
    for piece in pieces:
        found += cutter.cut(values[start : start + piece])
        start += piece
    expected = [values[first : first + 4] for first in range(0, start - 3, step)]
    assert np.array_equal(found, expected)


def test_the_class_is_that_of_most_of_the_last_windows(tmp_path: Path) -> None:
    station = make_station(tmp_path, "[windows]\nvotes = 3\nstep = 4\n")
    windows = {"up": [0.8] * 4, "down": [-0.4] * 4, "UP": [0.6] * 4}
    made = [
        prediction
        for which in ("up", "down", "UP", "down", "down")
        for prediction in station.take("s", message(windows[which]))
    ]
    # The second has one vote each: the newer one wins.
    assert [one.label for one in made] == ["up", "down", "up", "down", "down"]
    assert [round(one.value, 6) for one in made] == [0.8, 0.4, 0.7, 0.4, 0.4]


def test_a_quiet_window_begins_the_votes_anew(tmp_path: Path) -> None:
    station = make_station(tmp_path, "[windows]\nvotes = 3\nstep = 4\n")
    assert classes(station, [1] * 8) == ["up", "up"]
    quiet = json.dumps({"values": [[0, 0]] * 4}).encode()
    assert list(station.take("s", quiet)) == []
    assert classes(station, [-1] * 4) == ["down"]


def test_a_tumbling_score_is_the_mean_of_the_windows_within(tmp_path: Path) -> None:
    model = FakeModel(threshold=0.5)
    station = make_station(tmp_path, "[windows]\ntumbling = 9\nstep = 2\n", model)
    values = np.linspace(0.1, 0.9, 27)
    made = [one for piece in np.split(values, 9) for one in station.take("s", message(list(piece)))]
    blocks = values.reshape(3, 9)
    # Three windows of four samples lie in nine, two samples apart.
    means = [np.mean([block[first : first + 4].mean() for first in (0, 2, 4)]) for block in blocks]
    assert [one.value for one in made] == pytest.approx(means)
    assert [one.label for one in made] == ["healthy", "healthy", "anomaly"]
    document = made[-1].document()
    assert (document["anomaly"], document["threshold"]) == (True, 0.5)
    assert "probability" not in document


def test_each_sensor_has_its_own_windows(tmp_path: Path) -> None:
    station = make_station(tmp_path)
    assert classes(station, [1, 1, 1], "one") == []
    assert classes(station, [-1, -1, -1], "two") == []
    assert classes(station, [1], "one") == ["up"]
    assert classes(station, [-1], "two") == ["down"]


def test_no_window_lies_over_missing_samples(tmp_path: Path) -> None:
    model = FakeModel()
    station = make_station(tmp_path, model=model)
    assert not list(station.take("s", message([1, 1, 1], t=100.0)))
    assert not list(station.take("s", message([2, 2], t=107.0)))
    assert len(list(station.take("s", message([2, 2], t=107.2)))) == 1
    assert model.asked[0][:, 0].tolist() == [2, 2, 2, 2]


def test_a_message_that_comes_again_is_not_taken_twice(tmp_path: Path) -> None:
    station = make_station(tmp_path)
    list(station.take("s", message([1, 1], t=100.0)))
    with pytest.raises(Rejected) as refused:
        list(station.take("s", message([1, 1], t=100.0)))
    assert refused.value.reason == "repeated"


def test_sensors_are_bounded_and_a_silent_one_gives_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    station = make_station(tmp_path, "[bounds]\nsensors = 2\n")
    for sensor in ("a", "b"):
        classes(station, [1], sensor)
    with pytest.raises(Rejected) as refused:
        classes(station, [1], "c")
    assert refused.value.reason == "too-many-sensors"
    monkeypatch.setattr(station_module, "_QUIET", 0.0)
    classes(station, [1], "c")
    assert station.sensors == ["b", "c"]


@pytest.mark.parametrize("sensor", ["", "a/b", "ä", "x" * 65, "a b"])
def test_names_that_are_none(tmp_path: Path, sensor: str) -> None:
    with pytest.raises(Rejected, match="name"):
        classes(make_station(tmp_path), [1], sensor)


def test_sound_comes_as_pcm_or_json() -> None:
    stored = np.array([0, 16384, -32768], "<i2").tobytes()
    pcm = read_reading(stored, ("sound",), 16000.0, pcm=True)
    as_json = read_reading(b'{"values": [0, 0.5, -1]}', ("sound",), 16000.0, pcm=True)
    assert np.array_equal(pcm.values, as_json.values)
    with pytest.raises(Rejected):
        read_reading(stored[:-1], ("sound",), 16000.0, pcm=True)
    with pytest.raises(Rejected, match="a WAV file"):
        read_reading(write_wav(pcm.values, 16_000), ("sound",), 16000.0, pcm=True)


def test_pcm_may_begin_like_json() -> None:
    stored = b"{" + bytes(7)
    assert len(read_reading(stored, ("sound",), 16000.0, pcm=True).values) == 4


def test_one_sample_of_several_axes() -> None:
    reading = read_reading(b'{"values": [1, 2], "rate": 10.05}', ("a", "b"), 10.0, pcm=False)
    assert reading.values.tolist() == [[1.0, 2.0]]
