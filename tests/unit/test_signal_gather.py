"""Recordings of appliances: out of a folder, made up, or refused."""

from pathlib import Path

import numpy as np
import pytest
from slipway_components.signals.gather.task import gather
from slipway_components.signals.recordings import Recording, read_all
from slipway_components.signals.workloads import workload

from slipway.domain.errors import InvalidDataset, InvalidInput, NotFound

CSV = "t,x,y,z\n0.0,0.1,0.2,1.0\n0.5,-0.1,0.25,0.9\n"


def _gather(output: Path, data: str, *, name: str = "appliances", seed: int = 1) -> list[Recording]:
    gather(output, name=name, data=data, recordings=2, seed=seed)
    return read_all(output)


def _folder(tmp_path: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "in"


@pytest.mark.parametrize("as_url", [False, True])
def test_the_axes_of_csv_files_are_read_and_the_time_is_not(tmp_path: Path, as_url: bool) -> None:
    folder = _folder(tmp_path, {"coffee/1.csv": CSV, "tea/1.csv": "z,y,x\n3,2,1\n", "tea/.x": ""})
    coffee, tea = _gather(tmp_path / "out", folder.as_uri() if as_url else str(folder))
    assert coffee.values.tolist() == [[0.1, 0.2, 1.0], [-0.1, 0.25, 0.9]]
    assert tea.values.tolist() == [[1, 2, 3]]
    assert (tea.label, tea.name, tea.axes) == ("tea", "1", ("x", "y", "z"))


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"tea/1.csv": "t,x,y\n1,2,3\n"}, r"tea/1\.csv: the axis 'z' is missing"),
        ({"tea/1.csv": CSV + "1,nan,0,0\n"}, r"tea/1\.csv: sample 2 of x is nan"),
        ({"tea/1.csv": CSV + "1,fast,0,0\n"}, r"tea/1\.csv: .*'fast' is no number"),
        ({"tea/1.csv": ""}, r"tea/1\.csv: the recording is empty"),
        ({"tea/1.txt": CSV}, r"tea/1\.txt is no \.csv file"),
        ({"1.csv": CSV}, "outside a label's folder"),
        ({}, "holds no recordings"),
    ],
)
def test_what_cannot_be_used_is_named_and_nothing_is_left(
    tmp_path: Path, files: dict[str, str], words: str
) -> None:
    folder = _folder(tmp_path, files)
    folder.mkdir(exist_ok=True)
    with pytest.raises(InvalidDataset, match=words):
        _gather(tmp_path / "out", str(folder))
    assert not (tmp_path / "out").exists()


def test_an_empty_label(tmp_path: Path) -> None:
    (tmp_path / "in" / "tea").mkdir(parents=True)
    with pytest.raises(InvalidDataset, match=r"label 'tea' in .* is empty"):
        _gather(tmp_path / "out", str(tmp_path / "in"))


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is no folder"):
        _gather(tmp_path / "out", str(tmp_path / "in"))
    with pytest.raises(NotFound, match="there is no workload 'smells'"):
        _gather(tmp_path / "out", "synthetic", name="smells")


def test_synthetic_recordings_are_the_seed_s_and_differ_by_label(tmp_path: Path) -> None:
    one, two, other = (
        _gather(tmp_path / name, "synthetic", seed=seed)
        for name, seed in (("one", 1), ("two", 1), ("other", 2))
    )
    assert [a.values.tobytes() for a in one] == [b.values.tobytes() for b in two]
    assert all(a.values.tobytes() != c.values.tobytes() for a, c in zip(one, other, strict=True))
    strength = {
        label: np.concatenate([a.values for a in one if a.label == label]).std(axis=0)
        for label in {recording.label for recording in one}
    }
    assert len(strength) == 3
    along_x = sorted(strength, key=lambda label: strength[label][0])
    along_z = sorted(strength, key=lambda label: strength[label][2])
    assert along_x != along_z, "no axis alone puts the machines in their order"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"network": "transformer"}, "network is 'transformer'"),
        ({"window": 15}, "window is 15"),
        ({"variations": -1}, "variations is -1"),
    ],
)
def test_a_parameter_that_would_fail_later(change: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        workload("appliances").check({"network": "gru", "window": 96, "variations": 0, **change})


def test_variations_belong_to_their_recording_and_hold_a_window(tmp_path: Path) -> None:
    appliances = workload("appliances")
    recording = _gather(tmp_path / "out", "synthetic")[0]
    given = {"variations": 20, "window": 200}
    varied = list(appliances.variations(recording, given, np.random.default_rng(1)))
    again = list(appliances.variations(recording, given, np.random.default_rng(1)))
    assert {one.group for one in varied} == {recording.group}
    assert len({one.name for one in varied}) == 20
    assert all(200 <= len(one.values) <= len(recording.values) for one in varied)
    assert [one.values.tobytes() for one in varied] == [one.values.tobytes() for one in again]
    strengths = np.array([one.values.std(axis=0) for one in varied]) / recording.values.std(axis=0)
    assert strengths.min() < 0.8
    assert strengths.max() > 1.25
