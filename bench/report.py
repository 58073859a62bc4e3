"""One JSON line for one benchmark."""

import json
import os
import platform
from collections.abc import Sequence


def report(name: str, **figures: object) -> None:
    """Print what was measured, and on what."""
    machine = {"arch": platform.machine(), "cores": len(os.sched_getaffinity(0))}
    print(json.dumps({"bench": name, **figures, "machine": machine}), flush=True)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of the values do not exceed (nearest rank)."""
    ranked = sorted(values)
    return ranked[max(0, -(-int(share * 100) * len(ranked) // 100) - 1)]
