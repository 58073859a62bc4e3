"""Reading a split and its images."""

import json
from pathlib import Path

import numpy as np
import pytest
from slipway_components.images import load, read_split

from slipway.domain.errors import InvalidDataset
from tests.fixtures.shapes import SHAPES, make_shapes, make_split


def write_split(path: Path, **parts: list[str]) -> Path:
    path.write_text(json.dumps({"schema": 1, **parts}))
    return path


def test_labels_are_sorted_and_targets_follow_them(tmp_path: Path) -> None:
    dataset = make_shapes(tmp_path / "data", sources=3, views=1)
    split = read_split(make_split(dataset, tmp_path / "split.json"))
    assert split.labels == SHAPES
    images = load(dataset, split.test, split.labels, 16)
    assert images.pixels.shape == (4, 16, 16, 3)
    assert images.targets.tolist() == [0, 1, 2, 3]
    assert len(np.unique(images.pixels.reshape(4, -1), axis=0)) == 4


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"train": ["a/1.png"], "validation": ["a/2.png"]}, "is not a split: KeyError 'test'"),
        (
            {"train": ["a/1.png", "b/1.png"], "validation": [], "test": ["b/2.png"]},
            "the split has no validation images",
        ),
        (
            {"train": ["a/1.png"], "validation": ["a/2.png"], "test": ["a/3.png"]},
            "the split has the one label 'a'",
        ),
        (
            {"train": ["a/1.png"], "validation": ["b/2.png"], "test": ["a/3.png"]},
            "the label 'b' has no training image",
        ),
    ],
)
def test_a_split_that_cannot_train_is_refused(
    tmp_path: Path, parts: dict[str, list[str]], message: str
) -> None:
    with pytest.raises(InvalidDataset, match=message):
        read_split(write_split(tmp_path / "split.json", **parts))


def test_a_truncated_image_is_named(tmp_path: Path) -> None:
    dataset = make_shapes(tmp_path / "data", sources=3, views=1)
    broken = dataset / "disc" / "source-0" / "view-0.png"
    broken.write_bytes(broken.read_bytes()[:60])
    with pytest.raises(InvalidDataset, match=r"view-0\.png cannot be read as an image"):
        load(dataset, ["disc/source-0/view-0.png"], SHAPES, 16)


def test_a_label_that_the_model_does_not_know_is_named(tmp_path: Path) -> None:
    dataset = make_shapes(tmp_path / "data", sources=3, views=1)
    with pytest.raises(InvalidDataset, match="no label 'disc'"):
        load(dataset, ["disc/source-0/view-0.png"], ("cross", "square"), 16)
