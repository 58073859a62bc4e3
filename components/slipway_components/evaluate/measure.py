"""Measures an exported file as a device would run it: image by image, with its own inference."""

import statistics
import time
from dataclasses import dataclass

import numpy as np

from slipway_components.evaluate.scores import Evaluation
from slipway_components.export.device import DevicePath
from slipway_components.export.litert import LiteRtModel
from slipway_components.images import Images


@dataclass(frozen=True)
class Measured:
    """What a file answers, and how fast."""

    evaluation: Evaluation
    milliseconds: float  # the median of one answer, on this machine's processor


def measure(model: LiteRtModel, images: Images, labels: tuple[str, ...]) -> Measured:
    """Let the model answer prepared images; `labels` in the order of its scores."""
    device = DevicePath(model)
    answers, times = [], []
    for pixels in images.pixels:
        started = time.perf_counter()
        answers.append(int(np.argmax(device.scores_of_prepared(pixels))))
        times.append(time.perf_counter() - started)
    evaluation = Evaluation.of(labels, images.targets, np.array(answers))
    return Measured(evaluation, statistics.median(times) * 1000)
