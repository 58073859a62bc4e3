"""Fits a workload's network to windows of recordings."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from slipway.domain.errors import InvalidInput
from slipway_components.progress import SECONDS_BETWEEN_LINES, say
from slipway_components.signals.examples import Examples, Reals, stacked
from slipway_components.signals.workloads import Parameters, Workload
from slipway_components.tensorflow_import import begin_training, import_keras
from slipway_features.scaling import Scaling

Curves = dict[str, list[float]]  # name → one value per epoch

WARM_UP = 0.1  # share of the steps in which the rate rises


@dataclass(frozen=True)
class Effort:
    """How hard a training tries: parameters that all pipelines on signals have."""

    epochs: int
    batch_size: int
    learning_rate: float  # the highest
    seed: int

    @classmethod
    def of(cls, parameters: Parameters) -> Self:
        """Read them; raises InvalidInput for a value that makes no sense."""
        effort = cls(
            int(parameters["epochs"]),
            int(parameters["batch_size"]),
            float(parameters["learning_rate"]),
            int(parameters["seed"]),
        )
        for name in ("epochs", "batch_size", "learning_rate"):
            if not getattr(effort, name) > 0:
                raise InvalidInput(
                    f"{name} is {getattr(effort, name)}", hint="Use a value greater than 0"
                )
        if not 0 <= effort.seed < 2**32:
            raise InvalidInput(f"seed is {effort.seed}", hint="Use 0 to 4294967295")
        return effort


@dataclass(frozen=True, eq=False)
class Fitted:
    """A network that has learned, and what it needs beside."""

    network: Any  # Keras model: scaled features [batch, …] → what the workload's network answers
    scaling: Scaling
    inputs: NDArray[np.float32]  # [N, …] what it learned from, scaled, without variations
    curves: Curves


def fit_network(
    workload: Workload,
    examples: Sequence[Examples],
    variations: Sequence[Examples],
    labels: Sequence[str],
    parameters: Parameters,
) -> Fitted:
    """Learn to tell `labels` apart from `examples` and from their `variations`.

    Each label weighs the same, however many windows it has. There is no early stopping: what judges
    a model must not choose it. The same inputs give the same model on the same machine. Raises
    InvalidInput, InvalidDataset.
    """
    effort = Effort.of(parameters)
    keras = begin_training(effort.seed)
    rng = np.random.default_rng(effort.seed)
    given, _ = stacked(examples, labels)
    scaling = workload.scaling(given, parameters)
    features, targets = stacked([*examples, *variations], labels)
    chosen = workload.select(targets, rng)
    inputs = _scaled(scaling, features[chosen])
    targets = targets[chosen]
    network = workload.network(inputs.shape[1:], len(labels), parameters)
    weights = len(targets) / len(labels) / np.bincount(targets, minlength=len(labels))
    network.compile(
        _optimizer(effort, len(inputs)),
        keras.losses.CategoricalCrossentropy(label_smoothing=workload.smoothing),
        metrics=["accuracy"],
        jit_compile=False,  # compiling for the processor costs more time than it saves
    )
    right = np.eye(len(labels), dtype=np.float32)[targets]
    curves = _fit(network, inputs, right, effort, weights.astype(np.float32)[targets])
    return Fitted(network, scaling, _scaled(scaling, given), curves)


def fit_autoencoder(
    workload: Workload,
    examples: Sequence[Examples],
    variations: Sequence[Examples],
    parameters: Parameters,
) -> Fitted:
    """Learn to give the windows of `examples` and of their `variations` back, by the mean absolute
    error. Deterministic, and without early stopping, as `fit_network`. Raises InvalidInput."""
    effort = Effort.of(parameters)
    begin_training(effort.seed)
    given = np.concatenate([part.features for part in examples])
    scaling = workload.scaling(given, parameters)
    inputs = _scaled(scaling, np.concatenate([given, *(part.features for part in variations)]))
    network = workload.network(inputs.shape[1:], 0, parameters)
    network.compile(_optimizer(effort, len(inputs)), "mean_absolute_error", jit_compile=False)
    curves = _fit(network, inputs, inputs, effort)
    return Fitted(network, scaling, _scaled(scaling, given), curves)


def _scaled(scaling: Scaling, features: Reals) -> NDArray[np.float32]:
    return scaling.apply(features).astype(np.float32)


def _optimizer(effort: Effort, windows: int) -> Any:
    """Its rate rises to the highest and falls along a cosine over all epochs."""
    keras, _ = import_keras()
    steps = effort.epochs * -(-windows // effort.batch_size)
    warm_up = max(1, int(steps * WARM_UP))
    schedule = keras.optimizers.schedules.CosineDecay(
        effort.learning_rate / 10,
        max(1, steps - warm_up),
        alpha=0.01,
        warmup_target=effort.learning_rate,
        warmup_steps=warm_up,
    )
    return keras.optimizers.Adam(schedule)


def _fit(
    network: Any,
    inputs: NDArray[np.float32],
    targets: NDArray[np.float32],
    effort: Effort,
    weights: NDArray[np.float32] | None = None,
) -> Curves:
    """All epochs of the compiled network; the curves of its loss and metrics."""
    network.optimizer.build(
        network.trainable_variables
    )  # in the first step it would be traced twice
    history = network.fit(
        inputs,
        targets,
        sample_weight=weights,
        batch_size=effort.batch_size,
        epochs=effort.epochs,
        callbacks=[_reporter(effort.epochs)],
        verbose=0,
    )
    return {name: [float(value) for value in curve] for name, curve in history.history.items()}


def _reporter(epochs: int) -> Any:
    """A line every few seconds, and one in the end."""
    keras, _ = import_keras()
    started = time.monotonic()
    told = [started]

    def on_epoch_end(epoch: int, logs: Mapping[str, float]) -> None:
        now, done = time.monotonic(), epoch + 1
        if done < epochs and now - told[0] < SECONDS_BETWEEN_LINES:
            return
        told[0] = now
        left = (now - started) / done * (epochs - done)
        reached = ", ".join(f"{name} {value:.3f}" for name, value in sorted(logs.items()))
        say(f"fit: epoch {done}/{epochs}, {reached}, {left:.0f} s left")

    return keras.callbacks.LambdaCallback(on_epoch_end=on_epoch_end)
