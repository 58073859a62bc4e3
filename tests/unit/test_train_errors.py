"""What train, evaluate and export refuse, and that they leave nothing behind."""

from pathlib import Path
from typing import Any

import pytest
from slipway_components.evaluate.task import evaluate
from slipway_components.export.task import export
from slipway_components.train import mobilenet
from slipway_components.train.task import train
from slipway_components.trained import Trained

from slipway.domain.errors import (
    AlreadyExists,
    Failed,
    InvalidInput,
    InvalidName,
    NotFound,
    Unavailable,
)
from tests.fixtures.shapes import SHAPES, make_shapes, make_split


@pytest.fixture
def data(tmp_path: Path) -> tuple[Path, Path]:
    dataset = make_shapes(tmp_path / "data", sources=3, views=1, size=16)
    return dataset, make_split(dataset, tmp_path / "split.json")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"epochs": 0}, "epochs is 0"),
        ({"learning_rate": -0.1}, r"learning_rate is -0\.1"),
        ({"seed": -1}, "seed is -1"),
        ({"patience": -1}, "patience is -1"),
        ({"network": "wide"}, "network is 'wide'"),
        ({"network": "gradients"}, "weights is 'imagenet', but network gradients begins without"),
        (
            {"network": "gradients", "weights": "none", "image_size": 98},
            "image size 98 does not fit network gradients",
        ),
    ],
)
def test_an_impossible_parameter_is_named(
    tmp_path: Path, data: tuple[Path, Path], parameters: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        train(*data, tmp_path / "out", **parameters)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("image_size", "alpha", "weights", "message"),
    [
        (16, 0.35, "none", "image size 16 is too small"),
        (96, 7.0, "none", r"alpha 7\.0 is out of range"),
        (100, 0.35, "imagenet", r"no ImageNet weights for alpha 0\.35 at 100 pixels"),
        (96, 0.4, "imagenet", r"no ImageNet weights for alpha 0\.4 at 96 pixels"),
    ],
)
def test_a_backbone_that_does_not_exist_is_refused(
    image_size: int, alpha: float, weights: str, message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        mobilenet.check(image_size, alpha, 17, weights)


def test_a_missing_weights_file_is_named_before_anything_is_loaded() -> None:
    with pytest.raises(NotFound, match=r"'own\.weights\.h5' does not exist"):
        mobilenet.check(96, 0.35, 17, "own.weights.h5")
    with pytest.raises(NotFound, match="'imagnet' does not exist"):
        mobilenet.check(96, 0.35, 17, "imagnet")


@pytest.mark.slow
def test_weights_that_cannot_be_fetched_are_a_transient_error_that_names_ways_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def offline(*_: object) -> None:
        raise Exception("URL fetch failure on https://…: None -- name resolution")  # noqa: TRY002

    monkeypatch.setattr(mobilenet, "_bare", offline)
    with pytest.raises(Unavailable, match="cannot be fetched") as raised:
        mobilenet.build(5, image_size=96, alpha=0.35, blocks=17, weights="imagenet")
    assert raised.value.transient
    assert "'none'" in raised.value.hint


def test_evaluate_and_export_name_a_folder_without_a_model(
    tmp_path: Path, data: tuple[Path, Path]
) -> None:
    with pytest.raises(NotFound, match=r"nowhere/model\.json does not exist"):
        evaluate(tmp_path / "nowhere", *data, tmp_path / "out")
    with pytest.raises(NotFound, match="nowhere holds no trained model"):
        export(tmp_path / "nowhere", *data, tmp_path / "out", version="a_1_1", lineage={})
    assert not (tmp_path / "out").exists()


def test_export_refuses_a_malformed_version(tmp_path: Path, data: tuple[Path, Path]) -> None:
    with pytest.raises(InvalidName, match="'v1' is not a model version"):
        export(tmp_path, *data, tmp_path / "out", version="v1", lineage={})


@pytest.mark.slow
def test_a_converter_that_ends_badly_is_one_clear_error_and_leaves_nothing(
    tmp_path: Path, data: tuple[Path, Path]
) -> None:
    broken = tmp_path / "trained"
    broken.mkdir()
    (broken / "model.keras").write_bytes(b"not a model")
    Trained(broken, SHAPES, 16).write()
    with pytest.raises(Failed, match=r"model\.keras to LiteRT ended with exit 1: "):
        export(broken, *data, tmp_path / "out", version="a_1_1", lineage={})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "split.json", "trained"]


def test_an_output_that_holds_something_is_not_touched(
    tmp_path: Path, data: tuple[Path, Path]
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "precious").touch()
    with pytest.raises(AlreadyExists):
        train(*data, tmp_path / "out", image_size=32, weights="none")
