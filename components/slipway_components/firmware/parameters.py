"""The tables of a model's features as C constants."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from slipway.domain.card import ModelCard, Quantisation, Tensor
from slipway.domain.errors import InvalidCard
from slipway_components.firmware import c_source
from slipway_features import tensors
from slipway_features.mfcc import FLOOR, Mfcc, mfcc
from slipway_features.preparing import Preparing, preparing

_SINGLE, _SHORT = 4, 2  # bytes of a float and of a place in the spectrum


@dataclass(frozen=True, eq=False)
class Parameters:
    """Of one model of sounds."""

    card: ModelCard
    mfcc: Mfcc
    preparing: Preparing
    quantisation: Quantisation  # of the input

    @classmethod
    def of(cls, card: ModelCard) -> Self:
        """Raises InvalidCard when the model is not int8 throughout, or the card is incomplete."""
        try:
            prepared = preparing(card.preprocessing, card.scaling)
            features = mfcc(card.preprocessing)
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidCard(
                f"{card.version}: {type(error).__name__} {error}", hint="Export the model again"
            ) from error
        if prepared.scaling.clip is None:
            raise InvalidCard(
                f"the scaling of {card.version} has no limits", hint="Export the model again"
            )
        return cls(card, features, prepared, _int8(card, card.inputs[0]))

    @property
    def bytes(self) -> int:
        """Of the tables, in flash."""
        starts, weights = self._filters()
        singles = [self.mfcc.hann, self._cosine(), weights, self.mfcc.dct, *self._scaling()]
        return sum(part.size for part in singles) * _SINGLE + 2 * len(starts) * _SHORT

    def stored(self, samples: NDArray[np.float64]) -> NDArray[np.int8]:
        """A window [window] from -1 to 1 → the model's input, flat."""
        prepared = self.preparing.prepare(samples[:, np.newaxis])
        scale, zero_point = self.quantisation.scale, self.quantisation.zero_point
        return tensors.store(prepared, scale=scale, zero_point=zero_point).reshape(-1)

    def source(self) -> str:
        """slipway_parameters.h."""
        output = _int8(self.card, self.card.outputs[0])
        low, high = self.preparing.scaling.clip or (0.0, 0.0)
        sizes: dict[str, int | float] = {
            "RATE": int(self.preparing.rate),
            "FRAME": self.mfcc.frame,
            "FRAMES": self.preparing.window // self.mfcc.frame,
            "FFT": self.mfcc.fft,
            "FILTERS": len(self.mfcc.bank),
            "COEFFICIENTS": len(self.mfcc.dct),
            "RELATIVE": int(self.mfcc.relative),
            "FLOOR": FLOOR,
            "SILENCE": self.preparing.silence,
            "LEAST": low,
            "MOST": high,
            "INPUT_SCALE": self.quantisation.scale,
            "INPUT_ZERO_POINT": self.quantisation.zero_point,
            "OUTPUT_SCALE": output.scale,
            "OUTPUT_ZERO_POINT": output.zero_point,
            "LABELS": len(self.card.labels),
            "UNKNOWN_BELOW": self.card.thresholds.get("unknown", 0.0),
        }
        starts, weights = self._filters()
        offset, factor = self._scaling()
        lengths = np.count_nonzero(self.mfcc.bank, axis=1)
        return (
            f"/* The features of {self.card.version}, and what its scores stand for:\n"
            " * score = SLIPWAY_OUTPUT_SCALE * (stored - SLIPWAY_OUTPUT_ZERO_POINT); the answer\n"
            " * is the label of the highest, or unknown below SLIPWAY_UNKNOWN_BELOW. */\n"
            "#ifndef SLIPWAY_PARAMETERS_H\n#define SLIPWAY_PARAMETERS_H\n\n"
            + "".join(c_source.define(f"SLIPWAY_{name}", value) for name, value in sizes.items())
            + "\n#ifdef SLIPWAY_WITH_LABELS\n"
            + c_source.strings("slipway_labels", self.card.labels)
            + "#endif\n\n#ifdef SLIPWAY_WITH_TABLES\n"
            + c_source.array("float", "slipway_hann", self.mfcc.hann)
            + "\n/* One turn. */\n"
            + c_source.array("float", "slipway_cosine", self._cosine())
            + "\n/* Mel filters: the first bin of each, how many it has, its weights. */\n"
            + c_source.array("unsigned short", "slipway_filter_start", starts)
            + c_source.array("unsigned short", "slipway_filter_length", lengths)
            + c_source.array("float", "slipway_filter_weights", weights)
            + "\n"
            + c_source.array("float", "slipway_dct", self.mfcc.dct.reshape(-1))
            + "\n/* Of each coefficient: scaled = (value - offset) * factor. */\n"
            + c_source.array("float", "slipway_offset", offset)
            + c_source.array("float", "slipway_factor", factor)
            + "#endif\n\n#endif\n"
        )

    def _cosine(self) -> NDArray[np.float64]:
        return np.cos(2 * np.pi * np.arange(self.mfcc.fft) / self.mfcc.fft)

    def _filters(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The first bin of each mel filter, and the weights of all without the zeros around."""
        used = self.mfcc.bank != 0
        return used.argmax(axis=1), self.mfcc.bank[used]

    def _scaling(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        scaling, size = self.preparing.scaling, len(self.mfcc.dct)
        return (
            np.broadcast_to(np.array(scaling.offset), size),
            np.broadcast_to(np.array(scaling.factor), size),
        )


def _int8(card: ModelCard, tensor: Tensor) -> Quantisation:
    if tensor.dtype != "int8" or tensor.quantisation is None:
        raise InvalidCard(
            f"{tensor.name} of {card.version} is {tensor.dtype}, not int8",
            hint="Export the model again",
        )
    return tensor.quantisation
