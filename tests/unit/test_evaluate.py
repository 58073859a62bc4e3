"""Accuracy, precision, recall, and the picture of the confusion matrix."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from slipway_components.evaluate.picture import as_html, draw_confusion
from slipway_components.evaluate.scores import Evaluation

LABELS = ("bolt", "nut", "washer")


def evaluation() -> Evaluation:
    targets = np.array([0, 0, 0, 0, 1, 1, 2])
    answers = np.array([0, 0, 0, 1, 1, 1, 0])
    return Evaluation.of(LABELS, targets, answers)


def test_counts_true_labels_in_rows_and_answers_in_columns() -> None:
    assert evaluation().matrix.tolist() == [[3, 1, 0], [0, 2, 0], [1, 0, 0]]


def test_metrics() -> None:
    metrics = evaluation().metrics()
    assert metrics["accuracy"] == pytest.approx(5 / 7)
    assert metrics["precision/bolt"] == pytest.approx(3 / 4)
    assert metrics["recall/bolt"] == pytest.approx(3 / 4)
    assert metrics["precision/nut"] == pytest.approx(2 / 3)
    assert metrics["recall/nut"] == 1
    assert evaluation().support("bolt") == 4


def test_a_label_that_is_never_answered_has_precision_0() -> None:
    assert evaluation().precision("washer") == 0
    assert evaluation().recall("washer") == 0


def test_the_picture_is_a_png_and_the_same_each_time(tmp_path: Path) -> None:
    first, second = tmp_path / "1.png", tmp_path / "2.png"
    for path in (first, second):
        draw_confusion(evaluation(), path)
    with Image.open(first) as image:
        assert image.format == "PNG"
        assert image.width > 300
    assert first.read_bytes() == second.read_bytes()
    assert "data:image/png;base64,iVBOR" in as_html(first)
