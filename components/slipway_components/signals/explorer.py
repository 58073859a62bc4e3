"""Feature explorer: windows as points, near to one another when their features are."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slipway_features.scaling import Scaling

Reals = NDArray[np.float64]
Indices = NDArray[np.int64]

_VIEW = (22.0, -60.0)  # degrees above and around, from where the 3-D plot is seen


def project(features: Reals, dimensions: int) -> tuple[Reals, Reals]:
    """Features [N, …] → points [N, dimensions] and the share of the variance that each dimension
    shows.

    Principal components of the standardised features (K. Pearson, 1901), by singular value
    decomposition; the largest coefficient of each is positive, so that equal data look equal.
    """
    flat = features.reshape(len(features), -1)
    scaled = Scaling.standard(flat).apply(flat)
    _, strengths, components = np.linalg.svd(scaled, full_matrices=False)
    largest = np.abs(components).argmax(axis=1)
    signs = np.where(components[np.arange(len(components)), largest] < 0, -1.0, 1.0)
    points = np.zeros((len(flat), dimensions))
    shares = np.zeros(dimensions)
    kept = min(dimensions, len(components))
    points[:, :kept] = scaled @ (components[:kept] * signs[:kept, np.newaxis]).T
    total = np.square(strengths).sum()
    shares[:kept] = np.square(strengths[:kept]) / (total if total > 0 else 1.0)
    return points, shares


def draw_explorer(
    features: Reals, targets: Indices, answers: Indices, labels: Sequence[str], path: Path
) -> None:
    """Write a PNG of the windows in two and in three dimensions, coloured by their label, those
    with a wrong answer ringed.

    `targets` and `answers` [N] are indices into `labels`; an answer that is none of them is wrong.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    points, shares = project(features, 3)
    wrong = answers != targets
    figure = Figure(figsize=(12, 5.5), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    flat: Any = figure.add_subplot(1, 2, 1)
    deep: Any = figure.add_subplot(1, 2, 2, projection="3d", elev=_VIEW[0], azim=_VIEW[1])
    for axes, used in ((flat, 2), (deep, 3)):
        for index, label in enumerate(labels):
            of_label = points[targets == index, :used].T
            axes.scatter(*of_label, s=14, color=f"C{index % 10}", alpha=0.7, label=label)
        if wrong.any():
            ringed = points[wrong, :used].T
            axes.scatter(*ringed, s=70, facecolors="none", edgecolors="black", label="wrong answer")
        for name, axis in zip("xyz"[:used], range(used), strict=True):
            getattr(axes, f"set_{name}label")(f"component {axis + 1} ({shares[axis]:.0%})")
    flat.legend(loc="best")
    figure.suptitle(f"{len(points)} windows by their features, {wrong.sum()} answered wrongly")
    figure.savefig(path, metadata={"Software": None})  # without it, equal runs give equal bytes
