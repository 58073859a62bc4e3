"""Cuts one sensor's samples, which come in pieces of any length, into windows."""

from collections.abc import Iterator

import numpy as np

from slipway_features.signal import Signal


class Cutter:
    """Keeps what the next windows need, and no more."""

    def __init__(self, size: int, step: int, axes: int) -> None:
        """Windows of `size` samples, one every `step`."""
        self._size = size
        self._step = step
        self._kept: Signal = np.empty((0, axes))
        self._skip = 0  # samples that no window will need

    def cut(self, values: Signal) -> list[Signal]:
        """The windows [size, axes] that the samples complete."""
        skipped = min(self._skip, len(values))
        kept = np.concatenate([self._kept, values[skipped:]])
        starts = range(0, len(kept) - self._size + 1, self._step)
        end = starts[-1] + self._step if starts else 0
        self._skip += max(0, end - len(kept)) - skipped
        self._kept = kept[end:].copy()
        return [kept[start : start + self._size] for start in starts]

    def clear(self) -> None:
        """What comes next does not follow what came."""
        self._kept = self._kept[:0]
        self._skip = 0


def blocks(values: Signal, first: int, size: int) -> Iterator[tuple[Signal, bool]]:
    """Pieces of the samples that do not cross a border between blocks of `size` samples, and
    whether each ends one; `first`: samples that the first block has already."""
    start, room = 0, size - first
    while start < len(values):
        piece = values[start : start + room]
        start += len(piece)
        yield piece, len(piece) == room
        room = size
