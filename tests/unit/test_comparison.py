"""Which metric speaks for a model, which of two values is better, and what a run left."""

import json
from pathlib import Path

import pytest

from slipway.domain.comparison import MetricPair
from slipway.domain.metrics import Better, better, is_detail, main_metric
from slipway.domain.names import Arch, ModelName, ModelVersion
from slipway.ports.model_registry import RunRecord
from slipway.services.run_reports import run_reports
from slipway.services.version_images import version_images
from tests.fakes.image_registry import FakeImageRegistry
from tests.fakes.model_registry import FakeModelRegistry


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("accuracy", Better.HIGHER),
        ("recall/bolt", Better.HIGHER),
        ("roc_auc_float", Better.HIGHER),
        ("loss_ratio", Better.HIGHER),  # how much more error anomalies have
        ("quantisation_loss", Better.LOWER),
        ("false_alarms", Better.LOWER),
        ("missed", Better.LOWER),
        ("baseline_accuracy_recordings", Better.NEITHER),
    ],
)
def test_what_is_wanted_of_a_metric(name: str, wanted: Better) -> None:
    assert better(name) is wanted


def test_the_metric_that_speaks_for_a_model() -> None:
    assert main_metric({"accuracy": 0.9, "accuracy_float": 1.0}) == "accuracy"
    assert main_metric({"accuracy": 0.9, "roc_auc": 0.5}) == "roc_auc", "its gate looks at that"
    assert main_metric({"f1": 1.0}) == ""
    assert is_detail("precision/nut")
    assert not is_detail("accuracy")


@pytest.mark.parametrize(
    ("name", "before", "after", "verdict"),
    [
        ("accuracy", 0.5, 0.6, True),
        ("accuracy", 0.6, 0.5, False),
        ("missed", 0.6, 0.5, True),
        ("accuracy", 0.1 + 0.2, 0.3, None),  # the same but for the last bit
        ("accuracy", None, 0.5, None),
        ("baseline_accuracy", 0.1, 0.9, None),
    ],
)
def test_which_of_two_is_better(
    name: str, before: float | None, after: float | None, verdict: bool | None
) -> None:
    assert MetricPair(name, before, after).better is verdict


def test_matrices_and_plots_of_a_run(tmp_path: Path) -> None:
    square = {"labels": ["a", "b"], "matrix": [[1, 2], [3, 4]]}
    contents = {
        "windows.json": json.dumps(square),
        "windows.png": "drawn",
        "explorer.png": "drawn",
        "metrics.json": json.dumps({"labels": {"a": 1}}),
        "narrow.json": json.dumps({**square, "matrix": [[1], [2]]}),
        "broken.json": "{",
    }
    for name, text in contents.items():
        (tmp_path / name).write_text(text)
    models = FakeModelRegistry()
    record = RunRecord(files=[tmp_path / name for name in contents])
    found = run_reports(models, models.record_run(ModelName.parse("parts"), record))
    assert list(found.files) == sorted(contents)
    (matrix,) = found.confusions
    assert (matrix.name, list(matrix.labels)) == ("windows", ["a", "b"])
    assert [list(row) for row in matrix.rows] == [[1, 2], [3, 4]]
    assert found.plots == ["explorer.png"], "the matrix is not shown twice"


def test_the_images_of_a_version() -> None:
    registry = FakeImageRegistry()
    version = ModelVersion.parse("Parts_1_100")
    assert not version_images(registry, version)
    image = registry.add_image("parts", Arch.ARMV7L, "x" * 10)
    index = registry.push_index("parts", {Arch.ARMV7L: image}, {})
    registry.tag("parts", index, str(version))
    found = version_images(registry, version)
    assert found
    assert (found.repository, found.index) == ("registry.test:5000/parts", index)
    assert found.images[Arch.ARMV7L].digest == image
    assert found.images[Arch.ARMV7L].size == registry.size("parts", image)
