"""Scaling that was learned in training: one linear form for standard and min-max scaling alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Scaling:
    """scaled = (value − offset) × factor along the last axis, then cut to [low, high] if given.

    One offset and factor fit every value, or there is one for each of the last axis.
    """

    offset: tuple[float, ...] = (0.0,)
    factor: tuple[float, ...] = (1.0,)
    clip: tuple[float, float] | None = None

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> Self:
        """Read what `to_dict` gave, nothing at all for no scaling; KeyError, TypeError, ValueError
        for anything else."""
        if not document:
            return cls()
        offset, factor = _numbers(document["offset"]), _numbers(document["factor"])
        if not offset or len(offset) != len(factor):
            raise ValueError(f"scaling has {len(offset)} offsets and {len(factor)} factors")
        clip = document.get("clip")
        if clip is None:
            return cls(offset, factor)
        low, high = _numbers(clip)
        return cls(offset, factor, (low, high))

    @classmethod
    def standard(cls, values: Reals) -> Self:
        """Learned from values [..., N] to give each of the N a mean of 0 and a deviation of 1; one
        that never changes stays at 0."""
        flat = values.reshape(-1, values.shape[-1])
        deviation = flat.std(axis=0)
        factor = np.where(deviation > 0, 1 / np.where(deviation > 0, deviation, 1), 0)
        return cls(tuple(flat.mean(axis=0).tolist()), tuple(factor.tolist()))

    @classmethod
    def between(cls, low: float, high: float, *, least: float, most: float) -> Self:
        """Maps [low, high] to [least, most] and cuts what lies outside."""
        if not high > low:
            raise ValueError(f"{low} to {high} is no range")
        factor = (most - least) / (high - low)
        return cls((low - least / factor,), (factor,), (least, most))

    def apply(self, values: Reals) -> Reals:
        """values [..., N] → the same shape; ValueError when N is not that of the scaling."""
        if len(self.offset) not in (1, values.shape[-1]):
            raise ValueError(f"{values.shape[-1]} values, the scaling is of {len(self.offset)}")
        scaled: Reals = (values - np.array(self.offset)) * np.array(self.factor)
        return scaled if self.clip is None else np.clip(scaled, *self.clip)

    def to_dict(self) -> dict[str, list[float]]:
        """For the model's card; empty when nothing is scaled."""
        if self == Scaling():
            return {}
        document = {"offset": list(self.offset), "factor": list(self.factor)}
        return document if self.clip is None else {**document, "clip": list(self.clip)}


def _numbers(values: Sequence[Any]) -> tuple[float, ...]:
    numbers = tuple(float(value) for value in values)
    if not np.isfinite(numbers).all():
        raise ValueError(f"{values} are not all finite numbers")
    return numbers
