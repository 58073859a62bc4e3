"""Fits a network in one or more stages, with early stopping on the validation images."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slipway_components.images import Images
from slipway_components.tensorflow_import import import_keras
from slipway_components.train.augment import Strength
from slipway_components.train.batches import one_hot, training_batches
from slipway_components.train.reporting import Report
from slipway_components.trained import MEAN, STD
from slipway_features import image as features

Curves = dict[str, list[float]]  # name → one value per epoch

LABEL_SMOOTHING = 0.1
WARM_UP = 0.1  # share of a stage's steps in which the rate rises
CURVES = {
    "loss": "loss",
    "accuracy": "accuracy",
    "val_loss": "validation_loss",
    "val_accuracy": "validation_accuracy",
}


class Fitting:
    """A network under training; `curves` grows with every epoch of every stage.

    The network answers [N, labels], or [N, members, labels], where each member learns by itself.
    """

    def __init__(
        self,
        network: Any,
        training: Images,
        validation: Images,
        *,
        labels: int,
        batch_size: int,
        seed: int,
        varied: Strength,
    ) -> None:
        self._network = network
        self._batch_size = min(batch_size, len(training))
        self._steps = -(-len(training) // self._batch_size)
        self._members = network.output_shape[1:-1]
        batches = training_batches(training, labels, self._batch_size, seed, varied)
        self._batches = ((given, self._for_each(targets)) for given, targets in batches)
        self._validation = (
            features.normalise(validation.pixels, mean=MEAN, std=STD),
            self._for_each(one_hot(validation.targets, labels)),
        )
        self.curves: Curves = {name: [] for name in CURVES.values()}
        self._chooses = True  # whether the validation images choose the epoch

    def _for_each(self, targets: NDArray[np.float32]) -> NDArray[np.float32]:
        """[N, labels] → the shape that the network answers, the same for all members."""
        shaped = np.expand_dims(targets, tuple(range(1, 1 + len(self._members))))
        return np.broadcast_to(shaped, (len(targets), *self._members, targets.shape[-1]))

    @property
    def best_epoch(self) -> int:
        """The epoch, counted from 1, whose weights are kept."""
        losses = self.curves["validation_loss"]
        return losses.index(min(losses)) + 1 if self._chooses else len(losses)

    def fit(self, epochs: int, *, rate: float, patience: int) -> None:
        """One stage: at most `epochs`, the rate rising to `rate` and falling along a cosine.

        Leaves the weights of the stage's best validation loss in the network; with a `patience`
        of 0 it trains all epochs and leaves the last one's.
        """
        keras, _ = import_keras()

        steps = epochs * self._steps
        warm_up = max(1, int(steps * WARM_UP))
        schedule = keras.optimizers.schedules.CosineDecay(
            rate / 10, max(1, steps - warm_up), alpha=0.01, warmup_target=rate, warmup_steps=warm_up
        )
        self._network.compile(
            keras.optimizers.Adam(schedule),
            keras.losses.CategoricalCrossentropy(label_smoothing=LABEL_SMOOTHING),
            metrics=["accuracy"],
            jit_compile=False,  # compiling for the processor costs more time than it saves
        )
        # Built inside the first step, the optimizer's variables would make TensorFlow trace the
        # step twice, which takes seconds.
        self._network.optimizer.build(self._network.trainable_variables)
        report = Report(epochs, self._steps)
        callbacks = [_reporter(report)]
        self._chooses = patience > 0
        if self._chooses:
            callbacks.append(
                keras.callbacks.EarlyStopping(patience=patience, restore_best_weights=True)
            )
        history = self._network.fit(
            self._batches,
            steps_per_epoch=self._steps,
            epochs=epochs,
            validation_data=self._validation,
            validation_batch_size=256,
            callbacks=callbacks,
            shuffle=False,  # the generator shuffles
            verbose=0,
        )
        for theirs, ours in CURVES.items():
            self.curves[ours] += [float(value) for value in history.history[theirs]]
        kept = self.curves["validation_loss"][self.best_epoch - 1]
        report.close(f"kept epoch {self.best_epoch}, validation loss {kept:.3f}")


def _reporter(report: Report) -> Any:
    """Pass on what Keras tells."""
    keras, _ = import_keras()

    def on_train_batch_end(batch: int, logs: Mapping[str, float]) -> None:  # noqa: ARG001
        report.step(logs["loss"], logs["accuracy"])

    def on_epoch_end(epoch: int, logs: Mapping[str, float]) -> None:
        report.epoch(epoch + 1, logs["val_accuracy"])

    return keras.callbacks.LambdaCallback(
        on_train_batch_end=on_train_batch_end, on_epoch_end=on_epoch_end
    )
