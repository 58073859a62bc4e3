"""Golden samples: real inputs with the answers that every arch's image has to reproduce.

The answers are those of LiteRT's reference kernels, the only ones whose bits are the same
everywhere: ai-edge-litert 2.3.0 on x86_64 and aarch64 and tflite-runtime 2.14.0 on armv7l and
aarch64 agreed in every one of 128 images × 6 scores. The fast kernels that devices serve with
round intermediate results in ways of their own. On a trained MobileNetV2 of 10 blocks the largest
distance from the reference, in int8 steps of 1/256, was

    x86_64, ai-edge-litert      6, with XNNPACK 7        aarch64, ai-edge-litert      6
    armv7l, tflite-runtime      1                        aarch64, tflite-runtime      1

and no answer's best label changed. The distance depends on the model (1 on a network of four
layers), so it is measured for each, and twice of it is allowed.
"""

import base64
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slipway.domain.card import GoldenSample, Kernels
from slipway_components.export import litert
from slipway_components.export.device import DevicePath
from slipway_components.images import decode, label_of

MOST = 8
LEAST_TOLERANCE = 2.0  # steps; a rounding that the measured images happened not to show


def golden_samples(dataset: Path, test: Sequence[str], model: Path) -> list[GoldenSample]:
    """The first test image of each label, up to 8, with the stored scores of the model's file."""
    device = DevicePath(litert.LiteRtModel(model, litert.Kernels.REFERENCE))
    first: dict[str, str] = {}
    for path in sorted(test):
        first.setdefault(label_of(path), path)
    samples = []
    for path in sorted(first.values())[:MOST]:
        scores = device.stored_scores(decode(dataset / path))
        data = base64.b64encode((dataset / path).read_bytes()).decode()
        samples.append(GoldenSample(data, (tuple(float(score) for score in scores),)))
    return samples


def golden_tolerance(inputs: Iterable[NDArray[Any]], model: Path, serving: Kernels) -> float:
    """How far a stored score may be from a golden one: not at all where the reference kernels
    serve; else twice the largest distance between this machine's kernels and the reference on
    `inputs`, stored as the model takes them, and at least 2 steps."""
    if serving is Kernels.REFERENCE:
        return 0.0
    reference, *others = (litert.LiteRtModel(model, kernels) for kernels in litert.Kernels)
    largest = 0.0
    for given in inputs:
        right = reference.invoke(given).astype(np.float64)
        for other in others:
            largest = max(largest, float(np.abs(other.invoke(given) - right).max()))
    return max(LEAST_TOLERANCE, 2 * largest)
