"""Divide a snapshot by group, so that no source is on two sides."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from slipway.domain.errors import InvalidDataset, InvalidInput
from slipway.domain.snapshot import Snapshot
from slipway_components.folder import write_atomically
from slipway_components.progress import say
from slipway_components.snapshot.manifest import read_snapshot

SCHEMA = 1
_SIDES = ("train", "validation", "test")


def split(snapshot: Path, output: Path, *, seed: int, validation: float, test: float) -> None:
    """Write split.json: the paths of each side, about `validation` and `test` of each label's
    images, the rest for training.

    A group is LABEL/GROUP, or a file that lies in LABEL itself. The same snapshot, seed and shares
    give the same split. Every label has at least one group on each side.

    Raises InvalidInput for impossible shares, InvalidDataset for a label of fewer than three
    groups or a dataset of fewer than two labels.
    """
    check_shares(validation, test)
    labels = _groups(read_snapshot(snapshot))
    if len(labels) < 2:
        raise InvalidDataset(f"the only label is {next(iter(labels))!r}", hint="Two are needed")
    shares = {"train": 1 - validation - test, "validation": validation, "test": test}
    sides: dict[str, list[str]] = {side: [] for side in _SIDES}
    for label, groups in labels.items():
        _refuse_too_few(label, groups)
        divided = _divide(label, groups, seed, shares)
        for side in _SIDES:
            sides[side] += divided[side]
        counts = ", ".join(f"{len(divided[side])} {side}" for side in _SIDES)
        say(f"split: {label}: {counts} (of {len(groups)} groups)")
    document = {"schema": SCHEMA, "seed": seed, "by": "group"}
    document |= {side: sorted(sides[side]) for side in _SIDES}
    write_atomically(output, (json.dumps(document, indent=1) + "\n").encode())


def check_shares(validation: float, test: float) -> None:
    """Raise InvalidInput for shares that leave one side nothing."""
    if not (validation > 0 and test > 0 and validation + test < 1):
        raise InvalidInput(
            f"shares are validation {validation} and test {test}",
            hint="Both are more than 0, together less than 1",
        )


def _groups(record: Snapshot) -> dict[str, dict[str, list[str]]]:
    """Label → group → paths."""
    labels: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for file in record.files:
        label, group = file.path.split("/")[:2]
        labels[label][group].append(file.path)
    return labels


def _refuse_too_few(label: str, groups: Mapping[str, Sequence[str]]) -> None:
    if len(groups) < len(_SIDES):
        images = sum(map(len, groups.values()))
        raise InvalidDataset(
            f"label {label!r} has {images} images in {len(groups)} groups: not one for each of "
            f"{', '.join(_SIDES)}",
            hint="Give more sources, or put images that do not belong together in LABEL itself",
        )


def _divide(
    label: str,
    groups: Mapping[str, Sequence[str]],
    seed: int,
    shares: Mapping[str, float],
) -> dict[str, list[str]]:
    """Each side gets one group, then every next group goes where most images are missing."""
    order = sorted(
        groups, key=lambda group: hashlib.sha256(f"{seed}/{label}/{group}".encode()).digest()
    )
    total = sum(map(len, groups.values()))
    sides: dict[str, list[str]] = {side: [] for side in _SIDES}
    for index, group in enumerate(order):
        missing = {side: shares[side] * total - len(sides[side]) for side in _SIDES}
        side = _SIDES[index] if index < len(_SIDES) else max(_SIDES, key=missing.__getitem__)
        sides[side] += groups[group]
    return sides
