"""Folders of sounds: what is read, how it is cut, what is refused; and made-up ones."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from slipway_components.signals.doors.rooms import Room
from slipway_components.signals.doors.scene import LABELS, ROOMS, scene
from slipway_components.signals.recordings import Recording
from slipway_components.signals.sounds import Sounds
from slipway_components.signals.sounds_cutting import WINDOW, Segment, cut
from slipway_components.signals.sounds_files import make_up

from slipway.domain.errors import InvalidDataset
from slipway_features.wav import write_wav

RATE = 16_000


def _noise(seconds: float, level: float = 0.01) -> NDArray[np.float64]:
    rng = np.random.default_rng(1)
    values = level * rng.uniform(-1, 1, (round(seconds * RATE), 1))
    return np.rint(values * 32_768) / 32_768


def _recording(label: str, seconds: float) -> Recording:
    return Recording(label, "one", _noise(seconds), float(RATE), ("sound",))


def _put(
    folder: Path, label: str, values: NDArray[np.float64], rate: int = RATE, note: str = ""
) -> Path:
    file = folder / label / "one.wav"
    file.parent.mkdir(parents=True)
    file.write_bytes(write_wav(values, rate))
    if note:
        file.with_suffix(".txt").write_text(note)
    return file


def test_an_annotated_recording_is_cut_into_events_and_pauses(tmp_path: Path) -> None:
    values = _noise(6)
    _put(tmp_path, "knock", values, note="1.0\t1.5\n4.0\t4.2\tlock\n")
    parts = {(part.label, part.name): part for part in Sounds().load(tmp_path)}
    half = WINDOW // 2
    wanted = {
        ("unknown", "knock.one+0"): (0, 16_000),
        ("knock", "one+13000"): (16_000 - half, 24_000 + half),
        ("unknown", "knock.one+24000"): (24_000, 64_000),
        ("lock", "knock.one+61000"): (64_000 - half, 67_200 + half),
        ("unknown", "knock.one+67200"): (67_200, 96_000),
    }
    assert parts.keys() == wanted.keys()
    for name, (start, end) in wanted.items():
        assert np.array_equal(parts[name].values, values[start:end])
    assert {part.group for part in parts.values()} == {"knock/one"}


def test_every_window_of_an_event_hears_enough_of_it() -> None:
    for start, end in [(0, 800), (50_000, 51_000), (94_000, 96_000), (30_000, 60_000)]:
        (event,) = (
            part
            for part in cut(_recording("key", 6), [Segment(start, end, "key")])
            if part.label == "key"
        )
        first = int(event.name.partition("+")[2])
        assert len(event.values) >= WINDOW
        for window in range(first, first + len(event.values) - WINDOW + 1, 400):
            heard = min(window + WINDOW, end) - max(window, start)
            assert heard >= min(WINDOW // 2, end - start)


def test_without_annotation_an_event_is_trimmed_to_what_stands_out(tmp_path: Path) -> None:
    values = _noise(4)
    values[32_000:36_000] *= 30
    _put(tmp_path, "knock", values)
    (part,) = Sounds().load(tmp_path)
    assert np.array_equal(part.values, values[32_000 - WINDOW // 2 : 36_000 + WINDOW // 2])


def test_what_is_unknown_or_does_not_stand_out_is_left_whole(tmp_path: Path) -> None:
    loud = _noise(4)
    loud[32_000:36_000] *= 30
    _put(tmp_path, "unknown", loud)
    _put(tmp_path, "lock", _noise(2))
    assert {part.label: len(part.values) for part in Sounds().load(tmp_path)} == {
        "lock": 32_000,
        "unknown": 64_000,
    }


def test_clipped_recordings_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = _put(tmp_path, "key", np.clip(_noise(1, level=4), -1, 1)).relative_to(tmp_path)
    assert len(list(Sounds().load(tmp_path))) == 1
    assert capsys.readouterr().err == f"sounds: clipped: {file}\n"
    _put(tmp_path, "lock", np.clip(_noise(2, level=4), -1, 1))
    assert len(list(Sounds().load(tmp_path))) == 2
    assert capsys.readouterr().err == f"sounds: clipped: {file} and 1 more\n"


@pytest.mark.parametrize(
    ("values", "rate", "note", "message"),
    [
        (_noise(1), 44_100, "", r"one.wav has 44100 samples a second, not 16000"),
        (_noise(0.2), RATE, "", r"one.wav has 3200 samples, a window takes 6000"),
        (np.hstack([_noise(1), _noise(1)]), RATE, "", r"one.wav: it has 2 channels, not 1"),
        (_noise(1), RATE, "0.2\t0.1\n", r"one.txt: line 1 is '0.2\\t0.1'"),
        (_noise(1), RATE, "0.5 3.5\n", r"one.txt: line 1 is '0.5 3.5', of 1 s"),
        (_noise(1), RATE, "0.1 0.2\nnow\n", r"one.txt: line 2 is 'now'"),
        (_noise(1), RATE, "start,end\n", r"one.txt: it names no event"),
    ],
)
def test_unusable_recordings_are_refused(
    tmp_path: Path, values: NDArray[np.float64], rate: int, note: str, message: str
) -> None:
    _put(tmp_path, "key", values, rate, note)
    with pytest.raises(InvalidDataset, match=message):
        list(Sounds().load(tmp_path))


def test_a_damaged_or_foreign_file_is_refused(tmp_path: Path) -> None:
    file = _put(tmp_path, "key", _noise(1))
    file.write_bytes(file.read_bytes()[:5_000])
    with pytest.raises(InvalidDataset, match=r"one\.wav: the WAV file ends after"):
        list(Sounds().load(tmp_path))
    file.with_name("two.mp3").touch()
    with pytest.raises(InvalidDataset, match=r"two\.mp3 is neither a WAV file nor"):
        list(Sounds().load(tmp_path))


def test_what_is_made_up_is_read_again_as_the_pipeline_has_it(tmp_path: Path) -> None:
    make_up(tmp_path / "sounds", recordings=1, seed=4, unseen=False)
    again = {part.group + part.name: part for part in Sounds().load(tmp_path / "sounds")}
    wanted = {part.group + part.name: part for part in Sounds().synthesise(4, 1)}
    assert again.keys() == wanted.keys()
    assert {part.label for part in wanted.values()} == set(LABELS)
    for name, part in again.items():
        assert np.array_equal(part.values, wanted[name].values)


def test_made_up_recordings_are_the_same_for_a_seed_and_no_other() -> None:
    first, again, other = (list(Sounds().synthesise(seed, 1)) for seed in (1, 1, 2))
    for part, same in zip(first, again, strict=True):
        assert part.name == same.name
        assert np.array_equal(part.values, same.values)
    assert not any(np.array_equal(part.values, one.values) for part in first for one in other)


@pytest.mark.parametrize("unseen", [False, True])
@pytest.mark.parametrize("label", LABELS)
def test_scenes_are_sounds_whose_event_is_louder_than_the_rest(label: str, unseen: bool) -> None:
    for seed in range(3):
        made = scene(np.random.default_rng(seed), label, unseen=unseen)
        assert np.abs(made.samples).max() <= 1
        assert np.array_equal(np.rint(made.samples * 32_768), made.samples * 32_768)
        borders = [border for stretch in made.audible for border in stretch]
        assert borders[0] > 0
        assert borders == sorted(set(borders))
        assert borders[-1] < len(made.samples)
        if label != "unknown":
            event = made.samples[borders[0] : borders[-1]]
            assert np.abs(event).max() > np.abs(made.samples[: borders[0]]).max()


def test_no_room_of_training_is_one_of_judging() -> None:
    rooms = [Room.number(number) for number in range(2 * ROOMS)]
    assert len(set(rooms)) == 2 * ROOMS


def test_the_majority_is_cut_down_to_the_next_largest_label() -> None:
    targets = np.array([0] * 5 + [1] * 3 + [2] * 20)
    chosen = Sounds().select(targets, np.random.default_rng(0))
    assert np.bincount(targets[chosen]).tolist() == [5, 3, 5]
    assert len(set(chosen.tolist())) == len(chosen)


def test_scaling_fills_the_picture() -> None:
    features = np.random.default_rng(0).normal(size=(200, 15, 20)) * np.arange(1, 21) + 7
    scaled = Sounds().scaling(features, {}).apply(features)
    assert scaled.min() == 0
    assert scaled.max() == 255
    assert (np.ptp(scaled, axis=(0, 1)) == 255).all()


def test_no_window_is_in_two_events_that_are_close() -> None:
    close = [Segment(20_000, 20_600, "knock"), Segment(24_000, 24_600, "knock")]
    starts: list[int] = []
    for part in cut(_recording("knock", 6), close):
        if part.label == "knock":
            first = int(part.name.partition("+")[2])
            starts += range(first, first + len(part.values) - WINDOW + 1, 400)
    assert len(starts) == len(set(starts))
    assert starts[0] == 17_000
    assert starts[-1] + WINDOW <= 24_600 + WINDOW // 2
