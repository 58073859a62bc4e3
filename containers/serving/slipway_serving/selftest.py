"""Answers the golden samples and says how far the answers are from the stored ones."""

import math
import platform
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from slipway_serving.card import Kernels
from slipway_serving.engine import Engine
from slipway_serving.errors import ModelError, RequestError


@dataclass(frozen=True)
class Report:
    """What the self-test found; `error` is empty when every sample was answered."""

    version: str = ""
    runtime: str = ""
    samples: int = 0
    sample: int = 0  # the one that is farthest off, counted from 1
    max_distance: float = math.inf
    tolerance: float = 0.0
    exact: bool = False  # whether the reference kernels, too, were tried and reproduced all bits
    error: str = ""

    @property
    def ok(self) -> bool:
        """Whether there were samples and all were reproduced, within the tolerance."""
        return not self.error and self.samples > 0 and self.max_distance <= self.tolerance

    @property
    def problem(self) -> str:
        """What is wrong, in words; empty when all is well."""
        if self.ok:
            return ""
        return self.error or (
            f"the answer to golden sample {self.sample} is off by {self.max_distance};"
            f" {self.tolerance} is allowed"
        )

    def to_json(self) -> dict[str, Any]:
        """For machines; a distance that is not finite is null."""
        return {
            "ok": self.ok,
            "model": self.version,
            "samples": self.samples,
            "sample": self.sample,
            "max_distance": self.max_distance if math.isfinite(self.max_distance) else None,
            "tolerance": self.tolerance,
            "exact": self.exact,
            "runtime": self.runtime,
            "machine": platform.machine(),
            **({"error": self.error} if self.error else {}),
        }


def self_test(folder: Path, threads: int = 1) -> Report:
    """Load the model in `folder` and run every golden sample through the whole path.

    First with the kernels that serve, whose answers may be off by the card's tolerance. Damage
    could hide in that, so a model of integers runs with the reference kernels as well, which gave
    the stored answers and give the same ones everywhere.
    """
    try:
        engine = Engine(folder, threads)
    except ModelError as error:
        return Report(error=str(error))
    numbers = range(1, len(engine.card.golden) + 1)
    report = check(engine, numbers)
    if not report.ok or not engine.integers:
        return report
    exact = report
    if engine.kernels is not Kernels.REFERENCE:
        try:
            exact = check(Engine(folder, threads, Kernels.REFERENCE), numbers)
        except ModelError as error:
            return replace(report, error=str(error))
    if exact.error or exact.max_distance:
        off = exact.error or f"golden sample {exact.sample} is off by {exact.max_distance}"
        why = "the model, the runtime or the sample is not that of the export"
        return replace(
            report,
            error=f"with the reference kernels, which answer alike everywhere, {off}: {why}",
        )
    return replace(report, exact=True)


def check(engine: Engine, numbers: Sequence[int]) -> Report:
    """Answer the golden samples with these numbers, counted from 1."""
    card = engine.card
    if not numbers:
        return Report(card.version, engine.runtime, error="model.json has no golden samples")
    farthest, worst = 1, -math.inf
    for number in numbers:
        try:
            distance = engine.distance(card.golden[number - 1])
        except (RequestError, RuntimeError, ValueError) as error:  # the last two: the interpreter's
            why = f"golden sample {number}: {error}"
            return Report(card.version, engine.runtime, sample=number, error=why)
        distance = math.inf if math.isnan(distance) else distance
        if distance > worst:
            farthest, worst = number, distance
    return Report(
        card.version,
        engine.runtime,
        samples=len(numbers),
        sample=farthest,
        max_distance=worst,
        tolerance=card.golden_tolerance,
    )
