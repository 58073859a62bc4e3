"""The split: by group, seeded, stratified, or refused."""

import json
from collections import Counter
from pathlib import Path

import pytest
from slipway_components.snapshot.manifest import read_snapshot
from slipway_components.split.task import split

from slipway.domain.errors import InvalidDataset, InvalidInput
from slipway.domain.snapshot import File, Snapshot

Sides = dict[str, list[str]]


def _record(tmp_path: Path, labels: dict[str, dict[str, int]]) -> Path:
    paths = sorted(
        f"{label}/{group}/{index}.png"
        for label, groups in labels.items()
        for group, count in groups.items()
        for index in range(count)
    )
    record = Snapshot(tuple(File(path, 1, "0" * 64) for path in paths))
    (tmp_path / "snapshot.json").write_bytes(record.to_json())
    return tmp_path / "snapshot.json"


def _split(record: Path, *, seed: int = 1, validation: float = 0.15, test: float = 0.15) -> Sides:
    output = record.parent / "split.json"
    split(record, output, seed=seed, validation=validation, test=test)
    document: Sides = json.loads(output.read_bytes())
    return {side: document[side] for side in ("train", "validation", "test")}


def _group(path: str) -> str:
    return path.rpartition("/")[0]


PARTS = {label: {f"mesh-{i}": 5 for i in range(20)} for label in ("nut", "washer", "gear")}
UNEVEN = {
    "nut": {f"g{i}": 1 + i * i % 11 for i in range(40)},
    "washer": {f"g{i}": 3 for i in range(9)},
}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("labels", [PARTS, UNEVEN])
def test_no_group_on_two_sides_and_nothing_lost(
    tmp_path: Path, labels: dict[str, dict[str, int]], seed: int
) -> None:
    record = _record(tmp_path, labels)
    sides = _split(record, seed=seed)
    groups = {side: {_group(path) for path in paths} for side, paths in sides.items()}
    assert not groups["train"] & groups["validation"]
    assert not groups["train"] & groups["test"]
    assert not groups["validation"] & groups["test"]
    everything = sorted(path for paths in sides.values() for path in paths)
    assert everything == [file.path for file in read_snapshot(record).files]


def test_every_label_is_divided_by_the_shares(tmp_path: Path) -> None:
    sides = _split(_record(tmp_path, PARTS), validation=0.1, test=0.2)
    for side, count in {"train": 70, "validation": 10, "test": 20}.items():
        assert Counter(path.split("/")[0] for path in sides[side]) == dict.fromkeys(PARTS, count)


def test_groups_of_different_sizes_still_give_the_shares(tmp_path: Path) -> None:
    sides = _split(_record(tmp_path, UNEVEN), validation=0.2, test=0.2)
    nuts = {side: sum(path.startswith("nut") for path in paths) for side, paths in sides.items()}
    total = sum(nuts.values())
    assert abs(nuts["validation"] / total - 0.2) < 0.05
    assert abs(nuts["test"] / total - 0.2) < 0.05


def test_same_seed_same_split_other_seed_another(tmp_path: Path) -> None:
    record = _record(tmp_path, PARTS)
    first = _split(record, seed=1)
    assert _split(record, seed=1) == first
    assert _split(record, seed=2) != first


def test_files_of_a_label_are_their_own_groups(tmp_path: Path) -> None:
    paths = sorted(f"{label}/{i}.png" for label in ("fork", "knife") for i in range(10))
    record = Snapshot(tuple(File(path, 1, "0" * 64) for path in paths))
    (tmp_path / "snapshot.json").write_bytes(record.to_json())
    sides = _split(tmp_path / "snapshot.json", validation=0.2, test=0.2)
    assert {side: len(paths) for side, paths in sides.items()} == {
        "train": 12,
        "validation": 4,
        "test": 4,
    }


def test_three_groups_give_one_to_each_side(tmp_path: Path) -> None:
    labels = {"nut": {"a": 50, "b": 1, "c": 1}, "washer": {"a": 2, "b": 2, "c": 2}}
    sides = _split(_record(tmp_path, labels))
    for paths in sides.values():
        assert {path.split("/")[0] for path in paths} == {"nut", "washer"}


def test_too_few_groups_are_refused_with_label_and_counts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = _record(tmp_path, {**PARTS, "cam": {"a": 30, "b": 30}})
    with pytest.raises(InvalidDataset, match="label 'cam' has 60 images in 2 groups"):
        _split(record)
    assert not (tmp_path / "split.json").exists()


def test_one_label_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidDataset, match="the only label is 'nut'"):
        _split(_record(tmp_path, {"nut": PARTS["nut"]}))


@pytest.mark.parametrize(
    ("validation", "test"), [(0, 0.1), (0.1, 0), (0.5, 0.5), (-0.1, 0.2), (float("nan"), 0.1)]
)
def test_impossible_shares(tmp_path: Path, validation: float, test: float) -> None:
    with pytest.raises(InvalidInput, match="shares are validation"):
        _split(_record(tmp_path, PARTS), validation=validation, test=test)


def test_the_report_counts_every_label(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _split(_record(tmp_path, PARTS))
    assert "split: gear: 70 train, 15 validation, 15 test (of 20 groups)" in capsys.readouterr().err
