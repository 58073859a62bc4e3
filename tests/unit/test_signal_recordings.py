"""Recordings as files, and windows of them as features."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from slipway_components.signals.examples import examples_of, labels_of, stacked
from slipway_components.signals.recordings import Recording, read, read_all, write

from slipway.domain.errors import InvalidDataset
from slipway_features.preparing import preparing

AXES = ("x", "y", "z")
WINDOWS = {"kind": "series", "axes": list(AXES), "rate": 50.0, "window": 10, "step": 5}


def _recording(label: str = "on", name: str = "a", samples: int = 30) -> Recording:
    values = np.random.default_rng(1).normal(size=(samples, 3))
    return Recording(label, name, values, 50.0, AXES, source="on/long")


def test_a_recording_comes_back_as_it_was_and_always_as_the_same_bytes(tmp_path: Path) -> None:
    path = write(tmp_path / "one", _recording())
    back = read(path)
    assert np.array_equal(back.values, _recording().values)
    assert (back.label, back.name, back.rate, back.axes) == ("on", "a", 50.0, AXES)
    assert back.group == "on/long"
    assert dataclasses.replace(back, source="").group == "on/a"
    assert path.read_bytes() == write(tmp_path / "two", _recording()).read_bytes()


def test_all_of_a_folder_are_read_in_order(tmp_path: Path) -> None:
    for label, name in (("on", "b"), ("off", "c"), ("on", "a")):
        write(tmp_path, _recording(label, name))
    found = [(recording.label, recording.name) for recording in read_all(tmp_path)]
    assert found == [("off", "c"), ("on", "a"), ("on", "b")]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"label": "../up"}, "'../up' cannot be the name"),
        ({"name": "a/b"}, "'a/b' cannot be the name"),
        ({"values": np.zeros((5, 2))}, r"\[5, 2\] values"),
        ({"values": np.full((5, 3), np.nan)}, "finite"),
    ],
)
def test_what_is_no_recording_is_not_written(
    tmp_path: Path, change: dict[str, object], words: str
) -> None:
    bad = dataclasses.replace(_recording(), **change)  # type: ignore[arg-type]
    with pytest.raises(InvalidDataset, match=words):
        write(tmp_path, bad)
    assert not list(tmp_path.rglob("*.npz"))


def test_two_recordings_of_one_name_are_refused(tmp_path: Path) -> None:
    write(tmp_path, _recording())
    with pytest.raises(InvalidDataset, match="two recordings on/a"):
        write(tmp_path, _recording())


@pytest.mark.parametrize("data", [b"", b"no zip at all", b"PK\x03\x04 cut off"])
def test_a_damaged_file_is_named(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "on" / "a.npz"
    path.parent.mkdir()
    path.write_bytes(data)
    with pytest.raises(InvalidDataset, match=r"a\.npz is no recording"):
        read_all(tmp_path)


def test_a_folder_without_recordings(tmp_path: Path) -> None:
    with pytest.raises(InvalidDataset, match="holds no recordings"):
        read_all(tmp_path)


def test_windows_are_cut_as_on_a_device_and_silent_ones_left_out() -> None:
    recording = _recording(samples=30)
    loud = examples_of(recording, preparing(WINDOWS, {}))
    assert loud.features.shape == (5, 10, 3)
    assert np.array_equal(loud.features[1], recording.values[5:15])
    faint = recording.values.copy()
    faint[:15] /= 100
    half = examples_of(
        dataclasses.replace(recording, values=faint), preparing({**WINDOWS, "silence": 0.01}, {})
    )
    assert np.array_equal(half.features, [faint[start : start + 10] for start in (10, 15, 20)])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"axes": ("x", "y", "t")}, "axes x, y, t, not x, y, z"),
        ({"rate": 52.0}, "52 samples a second, not 50"),
        ({"values": np.zeros((9, 3))}, "9 samples, a window takes 10"),
    ],
)
def test_a_recording_that_does_not_fit_is_named(change: dict[str, object], words: str) -> None:
    bad = dataclasses.replace(_recording(), **change)  # type: ignore[arg-type]
    with pytest.raises(InvalidDataset, match=f"on/a.* {words}"):
        examples_of(bad, preparing(WINDOWS, {}))


def test_windows_of_several_recordings_carry_the_index_of_their_label() -> None:
    parts = [
        examples_of(_recording(label, samples=samples), preparing(WINDOWS, {}))
        for label, samples in (("on", 15), ("off", 20))
    ]
    labels = labels_of([part.recording for part in parts])
    assert labels == ("off", "on")
    features, targets = stacked(parts, labels)
    assert features.shape == (5, 10, 3)
    assert targets.tolist() == [1, 1, 0, 0, 0]
    with pytest.raises(InvalidDataset, match="no window of 'off' is above the silence"):
        stacked(parts[:1], labels)
    with pytest.raises(InvalidDataset, match="the only label is 'on'"):
        labels_of([parts[0].recording])
