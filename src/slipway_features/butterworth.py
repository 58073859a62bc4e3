"""Butterworth low- and high-pass filters as second-order sections.

The analogue prototype's poles lie on a circle at equal angles; each pair becomes one section by the
bilinear transform with the cut-off frequency pre-warped (Oppenheim and Schafer, "Discrete-Time
Signal Processing", chapter 7; S. Butterworth, "On the Theory of Filter Amplifiers", 1930).
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]

KINDS: Final = ("low", "high")
MOST: Final = 12  # order; steeper ones lose themselves in rounding


def sections(kind: str, *, cutoff: float, order: int, rate: float) -> Reals:
    """[sections, 6]: b0 b1 b2 1 a1 a2 of each, least resonant first.

    The gain in the pass band is 1; an odd order begins with a first-order section (b2 = a2 = 0).
    ValueError for an order that is not 1 to 12, a cut-off that is not between 0 and half of the
    rate (both in Hz), another kind.
    """
    if kind not in KINDS:
        raise ValueError(f"filter {kind!r} is none of {', '.join(KINDS)}")
    if not 1 <= order <= MOST:
        raise ValueError(f"filter order {order} is not 1 to {MOST}")
    if not 0 < cutoff < rate / 2:
        raise ValueError(f"cut-off {cutoff} Hz is not between 0 and {rate / 2} Hz")
    warped = math.tan(math.pi * cutoff / rate)
    sign = -1.0 if kind == "high" else 1.0
    made = []
    if order % 2:
        gain = (warped if kind == "low" else 1.0) / (1 + warped)
        made.append([gain, sign * gain, 0.0, 1.0, (warped - 1) / (warped + 1), 0.0])
    for pair in reversed(range(order // 2)):
        damping = 2 * math.sin(math.pi * (2 * pair + 1) / (2 * order))
        whole = 1 + damping * warped + warped**2
        gain = (warped**2 if kind == "low" else 1.0) / whole
        a1, a2 = 2 * (warped**2 - 1) / whole, (1 - damping * warped + warped**2) / whole
        made.append([gain, sign * 2 * gain, gain, 1.0, a1, a2])
    return np.array(made)


def impulse_response(kind: str, *, cutoff: float, order: int, rate: float, samples: int) -> Reals:
    """[samples] of what the filter answers to a single 1; errors as for `sections`."""
    values = np.zeros(samples)
    values[0] = 1.0
    for b0, b1, b2, _, a1, a2 in sections(kind, cutoff=cutoff, order=order, rate=rate):
        first = second = 0.0  # state of the transposed direct form II
        for number, given in enumerate(values):
            answer = b0 * given + first
            first = b1 * given - a1 * answer + second
            second = b2 * given - a2 * answer
            values[number] = answer
    return values
