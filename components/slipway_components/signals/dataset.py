"""The recordings of a run as what a training learns from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from slipway.domain.card import Task
from slipway_components.progress import track
from slipway_components.signals.examples import Examples, examples_of
from slipway_components.signals.fitting import Fitted, fit_autoencoder, fit_network
from slipway_components.signals.recordings import Recording
from slipway_components.signals.workloads import Parameters, Workload
from slipway_features.preparing import Preparing, preparing


@dataclass(frozen=True)
class Dataset:
    """Each recording's windows, and those of its variations. Extracted once for all folds."""

    workload: Workload
    parameters: Parameters
    preparing: Preparing  # without scaling, which each training learns by itself
    labels: tuple[str, ...]
    examples: tuple[Examples, ...]
    variations: tuple[tuple[Examples, ...], ...]  # of each of the examples

    def fit(self, chosen: Sequence[int]) -> Fitted:
        """Learn from the recordings with these indices; to find anomalies, from the normal ones of
        them."""
        examples = [self.examples[index] for index in chosen]
        variations = [varied for index in chosen for varied in self.variations[index]]
        if self.workload.task == Task.ANOMALIES:
            normal = [one for one in examples if one.recording.label == self.labels[0]]
            varied = [one for one in variations if one.recording.label == self.labels[0]]
            return fit_autoencoder(self.workload, normal, varied, self.parameters)
        return fit_network(self.workload, examples, variations, self.labels, self.parameters)


def prepare(
    workload: Workload,
    recordings: Sequence[Recording],
    labels: tuple[str, ...],
    parameters: Parameters,
) -> Dataset:
    """Extract the features of all windows; raises InvalidDataset naming a recording that does not
    fit."""
    unscaled = preparing(workload.preprocessing(parameters), {})
    rng = np.random.default_rng(int(parameters["seed"]))
    examples, variations = [], []
    for recording in track(recordings, "features", total=len(recordings), unit="recordings"):
        examples.append(examples_of(recording, unscaled))
        varied = workload.variations(recording, parameters, rng)
        variations.append(tuple(examples_of(variation, unscaled) for variation in varied))
    return Dataset(workload, parameters, unscaled, labels, tuple(examples), tuple(variations))
