"""Draws the confusion matrix."""

import base64
from pathlib import Path

import numpy as np

from slipway_components.evaluate.scores import Evaluation


def draw_confusion(evaluation: Evaluation, path: Path, what: str = "images") -> None:
    """Write a PNG: a cell for each pair of true label (row) and answer (column), darker with the
    share of the row, and the counts in it."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    labels = evaluation.labels
    shares = evaluation.matrix / np.maximum(evaluation.matrix.sum(axis=1, keepdims=True), 1)
    side = 2.5 + 0.6 * len(labels)  # inches
    figure = Figure(figsize=(side, side), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(labels)), labels, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(labels)), labels)
    axes.set_xlabel("answer")
    axes.set_ylabel("true label")
    figure.suptitle(f"accuracy {evaluation.accuracy:.1%} of {evaluation.matrix.sum()} {what}")
    for row, column in np.ndindex(*evaluation.matrix.shape):
        count = evaluation.matrix[row, column]
        if count:
            colour = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, str(count), ha="center", va="center", color=colour)
    figure.savefig(path, metadata={"Software": None})  # without it, equal runs give equal bytes


def as_html(picture: Path) -> str:
    """A page that shows the PNG and needs no other file."""
    data = base64.b64encode(picture.read_bytes()).decode()
    return (
        "<!doctype html><title>Confusion matrix</title>"
        f'<img alt="Confusion matrix" src="data:image/png;base64,{data}">\n'
    )
