"""Which sound is heard at a door: a key going in or out, the lock, knocking, or something else."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from slipway.domain.errors import InvalidInput
from slipway_components.signals.doors.shaping import RATE
from slipway_components.signals.recordings import Recording
from slipway_components.signals.sounds_cutting import AXES, cut
from slipway_components.signals.sounds_files import load, made_up
from slipway_components.signals.workloads import Parameters, Reals, Workload
from slipway_components.tensorflow_import import import_keras
from slipway_features.scaling import Scaling

FRAME: Final = 400  # samples
FRAMES: Final = 15  # of a window
COEFFICIENTS: Final = 20
BRIGHTEST: Final = 255.0  # of the picture that the network sees
MOST: Final = 12_000  # windows of a label to learn from
OUTLIERS: Final = 0.5  # percent of the values at either end of the scale that are cut off


class Sounds(Workload):
    """Mel-frequency cepstral coefficients of 15 frames as a picture of 256 greys, and a small
    convolutional network."""

    axes = AXES
    smoothing = 0.0  # it would keep scores below the threshold that answers have to reach

    def load(self, source: Path) -> Iterator[Recording]:
        """LABEL/*.wav; see `sounds_files`."""
        return load(source)

    def synthesise(self, seed: int, recordings: int) -> Iterator[Recording]:
        """So many scenes of each label, cut where their events are; see `doors`."""
        for recording, segments in made_up(seed, recordings):
            yield from cut(recording, segments) if segments else [recording]

    def check(self, parameters: Parameters) -> None:
        """See the base class."""
        if not 0 <= float(parameters["silence"]) < 1:
            raise InvalidInput(
                f"silence is {parameters['silence']}",
                hint="It is a mean square between 0 and 1, 0 for asking about any window",
            )

    def preprocessing(self, parameters: Parameters) -> dict[str, Any]:
        """Frames of 25 ms without overlap; a window of 15 of them begins with each."""
        return {
            "kind": "mfcc",
            "axes": list(self.axes),
            "rate": float(RATE),
            "window": FRAMES * FRAME,
            "step": FRAME,
            "silence": float(parameters["silence"]),
            "frame": FRAME,
            "fft": 512,
            "filters": 40,
            "coefficients": COEFFICIENTS,
            "low": 0.0,
            "high": RATE / 2,
            "relative": True,
        }

    def scaling(self, features: Reals, parameters: Parameters) -> Scaling:
        """Each coefficient from 0 to 255; what is beyond nearly all of the training is cut."""
        flat = features.reshape(-1, features.shape[-1])
        low, high = np.percentile(flat, (OUTLIERS, 100 - OUTLIERS), axis=0)
        factor = BRIGHTEST / np.maximum(high - low, 1e-9)
        return Scaling(tuple(low.tolist()), tuple(factor.tolist()), (0.0, BRIGHTEST))

    def select(self, targets: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
        """Of the label with the most windows no more than the next one has, and of none more than
        12,000: neighbours resemble each other, and cost more time than they teach."""
        limit = min(MOST, int(np.sort(np.bincount(targets))[-2]))
        kept = [
            rng.permutation(np.flatnonzero(targets == label))[:limit]
            for label in np.unique(targets)
        ]
        return np.sort(np.concatenate(kept))

    def network(self, shape: tuple[int, ...], labels: int, parameters: Parameters) -> Any:
        """Three 2-D convolutions, each with its normalisation, then the mean over the picture."""
        keras, _ = import_keras()
        layers = keras.layers
        picture = keras.Input(shape, name="picture")
        x = layers.Reshape((*shape, 1))(picture)
        x = layers.BatchNormalization(momentum=0.95)(x)
        for filters in (16, 32, 64):
            if filters > 16:
                x = layers.MaxPooling2D(2)(x)
            x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
            x = layers.BatchNormalization(momentum=0.95)(x)
            x = layers.ReLU()(x)
        x = layers.GlobalAveragePooling2D()(x)
        x = layers.Dropout(0.3)(x)
        scores = layers.Dense(labels, activation="softmax", name="scores")(x)
        return keras.Model(picture, scores)
