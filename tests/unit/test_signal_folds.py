"""Folds: nothing of one recording is ever on both sides."""

import numpy as np
import pytest
from slipway_components.signals.folds import Folds, fold
from slipway_components.signals.recordings import Recording

from slipway.domain.errors import InvalidDataset, InvalidInput

WINDOW = 10


def _recordings(counts: dict[str, int], samples: int = 100) -> list[Recording]:
    values = np.arange(samples, dtype=np.float64)[:, np.newaxis]
    return [
        Recording(label, f"{label}-{number}", values, 0.0, ("x",))
        for label, count in counts.items()
        for number in range(count)
    ]


def _folds(recordings: list[Recording], count: int = 5, seed: int = 1) -> Folds:
    return fold(recordings, count, window=WINDOW, seed=seed)


@pytest.mark.parametrize("seed", range(4))
def test_every_recording_is_judged_once_and_labels_are_spread(seed: int) -> None:
    folds = _folds(_recordings({"coffee": 10, "noise": 2, "tea": 7}), seed=seed)
    assert len(folds.recordings) == len(folds.of) == 19
    for label, most in (("coffee", 2), ("noise", 1), ("tea", 2)):
        dealt = [
            of for of, one in zip(folds.of, folds.recordings, strict=True) if one.label == label
        ]
        assert max(dealt.count(index) for index in range(5)) == most
    assert set(folds.of) == set(range(5))
    assert folds.said == "5 folds over 19 recordings, none of them on two sides"


def test_the_same_seed_gives_the_same_folds_and_another_one_others() -> None:
    recordings = _recordings({"coffee": 10, "tea": 10})
    assert _folds(recordings).of == _folds(recordings).of
    assert len({_folds(recordings, seed=seed).of for seed in range(5)}) == 5


def test_what_was_cut_from_one_source_stays_together() -> None:
    values = np.zeros((50, 1))
    pieces = [
        Recording("knock", f"door-{source}-{piece}", values, 0.0, ("x",), source=f"door-{source}")
        for source in range(4)
        for piece in range(3)
    ]
    folds = _folds([*pieces, *_recordings({"lock": 4})], count=2)
    where = {one.group: set[int]() for one in folds.recordings}
    for of, one in zip(folds.of, folds.recordings, strict=True):
        where[one.group].add(of)
    assert all(len(found) == 1 for found in where.values())


def test_a_label_with_one_recording_is_cut_into_blocks_that_share_no_window() -> None:
    folds = _folds([*_recordings({"healthy": 1}), *_recordings({"broken": 3})], count=3)
    blocks = [one for one in folds.recordings if one.label == "healthy"]
    assert [(one.values[0, 0], one.values[-1, 0]) for one in blocks] == [
        (0, 25),
        (36, 61),
        (72, 97),
    ]
    assert len({one.group for one in blocks}) == 3
    assert "the only recording of healthy was cut into 3 blocks, 10 samples apart" in folds.said


def test_one_recording_that_is_too_short_to_be_cut() -> None:
    with pytest.raises(InvalidDataset, match=r"healthy has the one recording healthy-0 of 69 "):
        _folds([*_recordings({"healthy": 1}, 69), *_recordings({"broken": 5})], count=4)


def test_fewer_than_two_folds() -> None:
    with pytest.raises(InvalidInput, match="folds is 1"):
        _folds(_recordings({"coffee": 4, "tea": 4}), count=1)


def test_blocks_of_two_labels_whose_recordings_have_the_same_name_are_apart() -> None:
    values = np.zeros((100, 1))
    pair = [Recording(label, "1", values, 0.0, ("x",)) for label in ("broken", "healthy")]
    folds = _folds(pair, count=3)
    assert len({block.group for block in folds.recordings}) == 6
