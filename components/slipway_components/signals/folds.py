"""Honest folds: no recording, and no source of several, is on both sides."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from slipway.domain.errors import InvalidDataset, InvalidInput
from slipway_components.signals.recordings import Recording


@dataclass(frozen=True)
class Folds:
    """Recordings, and the fold in which each is judged by a model that did not learn from it."""

    recordings: tuple[Recording, ...]
    of: tuple[int, ...]  # the fold of each
    said: str  # how they were made, in one sentence


def fold(recordings: Sequence[Recording], count: int, *, window: int, seed: int) -> Folds:
    """Deal each label's sources out to `count` folds; the same recordings and seed, the same folds.

    A label with fewer sources than folds is judged in as many folds as it has sources. One with a
    single source is cut into `count` blocks, a `window` of samples apart, which are then judged
    like recordings. Raises InvalidInput for fewer than 2 folds, InvalidDataset when a label's only
    source is too short for that.
    """
    if count < 2:
        raise InvalidInput(f"folds is {count}", hint="Two at least: one to learn, one to judge")
    labels = sorted({recording.label for recording in recordings})
    cut = {label for label in labels if len(_groups(recordings, label)) == 1}
    kept = [
        piece
        for recording in recordings
        for piece in (_blocks(recording, count, window) if recording.label in cut else [recording])
    ]
    where: dict[str, int] = {}
    dealt: Counter[int] = Counter()  # sources in each fold, so that no fold gets all rare labels
    for label in sorted(labels, key=lambda label: (-len(_groups(kept, label)), label)):
        groups = sorted(_groups(kept, label), key=lambda group: _order(seed, group))
        free = sorted(range(count), key=lambda index: (dealt[index], index))
        for number, group in enumerate(groups):
            where[group] = free[number % count]
            dealt[where[group]] += 1
    sources = len({recording.group for recording in recordings})
    said = f"{count} folds over {sources} recordings, none of them on two sides"
    if cut:
        said += (
            f"; the only recording of {', '.join(sorted(cut))} was cut into {count} blocks,"
            f" {window} samples apart"
        )
    return Folds(tuple(kept), tuple(where[recording.group] for recording in kept), said)


def _groups(recordings: Sequence[Recording], label: str) -> set[str]:
    return {recording.group for recording in recordings if recording.label == label}


def _order(seed: int, group: str) -> bytes:
    return hashlib.sha256(f"{seed}/{group}".encode()).digest()


def _blocks(recording: Recording, count: int, window: int) -> list[Recording]:
    """Contiguous blocks of equal length, a window apart."""
    length = (len(recording.values) - (count - 1) * window) // count
    if length < window:
        raise InvalidDataset(
            f"{recording.label} has the one recording {recording.name} of"
            f" {len(recording.values)} samples, too short to learn from and be judged by",
            hint=f"Record more, or use fewer folds than {count}",
        )
    starts = range(0, count * (length + window), length + window)
    return [
        replace(
            recording,
            name=f"{recording.name}+{start}",
            values=recording.values[start : start + length],
            source=f"{recording.label}/{recording.name}+{start}",
        )
        for start in starts
    ]
