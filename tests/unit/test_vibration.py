"""The workload vibration: its recordings, its parameters, and how detections are judged."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from slipway_components.configure.task import Parameter
from slipway_components.signals.detecting import Detection
from slipway_components.signals.examples import Examples, labels_of
from slipway_components.signals.gather.task import gather
from slipway_components.signals.plan import plan
from slipway_components.signals.recordings import Recording, read_all
from slipway_components.signals.vibration_start import located
from slipway_components.signals.workloads import workload

from slipway.domain.errors import InvalidDataset, InvalidInput, NotFound
from slipway_features.preparing import preparing
from tests.fakes.bucket import FakeBucket

GIVEN: Mapping[str, Parameter] = {
    "name": "vibration",
    "major": 1,
    "rate": 100.0,
    "window": 10,
    "step": 10,
    "stride": 4,
    "amplitude": "keep",
    "depth": 1,
    "units": 12,
    "code": 4,
    "false_alarms": 0.01,
    "folds": 3,
    "epochs": 1,
    "batch_size": 32,
    "learning_rate": 0.01,
    "seed": 1,
    "weights": "",
    "rescale": False,
    "gate_floor": 0.9,
    "gate_drop": 0.02,
    "gate_channel": "latest",
}
CSV = "t,x,y,z\n0.0,0.1,0.2,1.0\n0.5,-0.1,0.25,0.9\n"
AXES = ("x", "y", "z")


def _folder(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(CSV)
    return folder


def test_whatever_is_not_healthy_is_an_anomaly(tmp_path: Path) -> None:
    source = _folder(
        tmp_path / "in", "healthy.csv", "broken.csv", "healthy/b.csv", "dry/b.csv", "worn/b.csv"
    )
    gather(tmp_path / "out", name="vibration", data=str(source), recordings=1, seed=1)
    found = read_all(tmp_path / "out")
    assert [(one.label, one.name) for one in found] == [
        ("anomaly", "broken"),
        ("anomaly", "dry-b"),
        ("anomaly", "worn-b"),
        ("healthy", "healthy-b"),
        ("healthy", "healthy"),
    ]
    assert found[0].values.tolist() == [[0.1, 0.2, 1.0], [-0.1, 0.25, 0.9]]


def test_a_file_that_is_no_recording_is_named(tmp_path: Path) -> None:
    vibration = workload("vibration")
    with pytest.raises(InvalidDataset, match=r"notes\.txt is no \.csv file"):
        list(vibration.load(_folder(tmp_path / "a", "notes.txt")))
    flat = _folder(tmp_path / "b", "healthy.csv")
    (flat / "healthy.csv").write_text("x,y\n1,2\n")
    with pytest.raises(InvalidDataset, match=r"healthy\.csv: .*z"):
        list(vibration.load(flat))


def test_synthetic_bearings_differ_and_are_the_same_for_a_seed() -> None:
    made = [list(workload("vibration").synthesise(seed, 2)) for seed in (1, 1, 2)]
    assert [(one.label, one.name) for one in made[0]] == [
        ("healthy", "healthy-1"),
        ("healthy", "healthy-2"),
        ("anomaly", "broken-1"),
        ("anomaly", "broken-2"),
    ]
    first, again, other = ([one.values.tobytes() for one in of] for of in made)
    assert first == again
    assert len({*first, *other}) == 8


def test_without_healthy_or_without_anomalies_there_is_nothing_to_judge() -> None:
    healthy = Recording("healthy", "a", np.zeros((20, 3)), 100.0, AXES)
    with pytest.raises(InvalidDataset, match="of healthy, not of healthy and anomaly"):
        labels_of([healthy], workload("vibration").labels)


def test_windows_that_are_learned_from_lie_nearer_to_one_another() -> None:
    values = np.arange(75.0).reshape(25, 3)
    recording = Recording("healthy", "a", values, 100.0, AXES)
    varied = list(workload("vibration").variations(recording, GIVEN, np.random.default_rng(1)))
    assert [one.values[0, 0] for one in varied] == [12.0, 24.0]
    assert {one.group for one in varied} == {"healthy/a"}


@pytest.mark.parametrize(("amplitude", "same"), [("keep", False), ("remove", True)])
def test_without_the_amplitude_only_the_shape_is_seen(amplitude: str, same: bool) -> None:
    given = {**GIVEN, "amplitude": amplitude}
    extract = preparing(workload("vibration").preprocessing(given), {}).extract
    window = np.random.default_rng(1).normal(size=(10, 3))
    assert np.array_equal(extract(window), extract(4 * window + 3)) is same


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"amplitude": "halve"}, "amplitude is 'halve'"),
        ({"window": 1}, "window is 1"),
        ({"depth": 0}, "depth is 0"),
        ({"units": 8}, "units is 8"),
        ({"code": 30}, "code is 30"),
        ({"stride": 11}, "stride is 11"),
        ({"false_alarms": 1.5}, "false_alarms is 1.5"),
        ({"step": 0}, "stride is 4"),
    ],
)
def test_a_bad_parameter_is_named_before_anything_costs_time(
    change: Mapping[str, Parameter], words: str
) -> None:
    plan("vibration", GIVEN)
    with pytest.raises(InvalidInput, match=words):
        plan("vibration", {**GIVEN, **change})


def test_weights_of_a_version_that_is_not_there() -> None:
    planned = plan("vibration", {**GIVEN, "weights": "vibration_1_1501089026"})
    with pytest.raises(NotFound, match="no complete version vibration_1_1501089026"):
        located(planned.parameters, planned.preprocessing, FakeBucket())


def _examples(label: str, name: str, windows: int) -> Examples:
    recording = Recording(label, name, np.zeros((windows, 3)), 100.0, AXES)
    return Examples(recording, np.zeros((windows, 2, 3)), np.zeros((windows, 6)))


def test_a_fold_is_judged_by_the_threshold_of_the_others() -> None:
    examples = [_examples("healthy", "a", 4), _examples("healthy", "b", 4)]
    examples.append(_examples("anomaly", "c", 2))
    errors = [np.array(of)[:, np.newaxis] for of in ([1.0, 1, 1, 9], [2.0, 2, 2, 2], [1.5, 8.0])]
    done = Detection.of(
        examples,
        errors,
        errors,
        [0, 1, 1],
        labels=("healthy", "anomaly"),
        false_alarms=0.25,
        split="two folds",
    )
    # Of fold 0 the threshold is 2, which 9 exceeds; of fold 1 it is the 9 that nothing exceeds.
    assert done.judged.windows.matrix.tolist() == [[7, 1], [2, 0]]
    found = done.metrics()
    assert found["false_alarms"] == 1 / 8
    assert found["missed"] == 1.0
    assert found["roc_auc"] == (3 + 7) / 16
    assert found["loss_ratio"] == pytest.approx(4.75 / 2.5)
    assert done.thresholds == {"anomaly": 2.0}
