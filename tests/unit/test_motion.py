"""The workload motion: its made-up recordings, its windows, and what is left out of them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from slipway_components.signals.examples import examples_of, long_enough
from slipway_components.signals.explorer import draw_explorer, project
from slipway_components.signals.motion import Motion
from slipway_components.signals.recordings import Recording, write

from slipway.adapters.compiled_pipelines import CompiledPipelines
from slipway.adapters.kfp_pipelines import PACKAGE
from slipway.domain.errors import InvalidDataset, InvalidInput
from slipway_features.preparing import preparing

DEFAULTS = {
    one.name: one.default for one in CompiledPipelines(PACKAGE, None).get("motion").parameters
}
MADE = list(Motion().synthesise(3, 5))


def test_made_up_recordings_are_the_same_for_the_same_seed() -> None:
    again = list(Motion().synthesise(3, 5))
    other = list(Motion().synthesise(4, 5))
    assert [one.label for one in MADE] == 5 * ["freefall"] + 5 * ["idle"] + 5 * ["unknown"]
    for here, there, elsewhere in zip(MADE, again, other, strict=True):
        assert np.array_equal(here.values, there.values)
        assert not np.array_equal(here.values, elsewhere.values)


def test_every_window_of_a_made_up_fall_holds_weightlessness() -> None:
    for recording in Motion().synthesise(1, 30):
        length = np.linalg.norm(recording.values, axis=1)
        windows = np.lib.stride_tricks.sliding_window_view(length, 125)
        if recording.label == "freefall":
            assert windows.min(axis=1).max() < 2
        if recording.label == "idle":
            assert length.min() > 9


def test_the_defaults_prepare_50_features() -> None:
    prepared = preparing(Motion().preprocessing(DEFAULTS), {})
    assert examples_of(MADE[0], prepared).features.shape == (6, 50)


def test_scaled_features_stay_within_what_int8_can_tell_apart() -> None:
    prepared = preparing(Motion().preprocessing(DEFAULTS), {})
    features = np.concatenate([examples_of(one, prepared).features for one in MADE])
    scaling = Motion().scaling(features, DEFAULTS)
    assert np.abs(scaling.apply(1000 * features)).max() == 4.0


def test_every_candidate_of_tuning_can_be_prepared() -> None:
    candidates = list(Motion().candidates(DEFAULTS))
    assert len(candidates) == 51
    for changed in candidates:
        parameters = {**DEFAULTS, **changed}
        Motion().check(parameters)
        preparing(Motion().preprocessing(parameters), {})
    assert all(key in DEFAULTS for changed in candidates for key in changed)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"network": "transformer"}, "network is 'transformer'"),
        ({"network": "convolution", "window": 16}, "window is 16"),
    ],
)
def test_impossible_networks_are_refused(changed: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        Motion().check({**DEFAULTS, **changed})


def test_short_recordings_are_left_out_and_named(capsys: pytest.CaptureFixture[str]) -> None:
    short = replace(MADE[0], name="short", values=MADE[0].values[:124])
    assert long_enough([short, *MADE], 125) == MADE
    assert "freefall/short has 124 samples, a window takes 125: it is left out" in (
        capsys.readouterr().err
    )


def test_a_label_of_short_recordings_alone_is_refused() -> None:
    short = [replace(one, values=one.values[:50]) for one in MADE if one.label == "idle"]
    with pytest.raises(InvalidDataset, match="no recording of 'idle' is as long as a window"):
        long_enough([one for one in MADE if one.label != "idle"] + short, 125)


def test_another_interval_is_refused(tmp_path: Path) -> None:
    slow = replace(MADE[0], rate=50.0)
    prepared = preparing(Motion().preprocessing(DEFAULTS), {})
    with pytest.raises(InvalidDataset, match="synthetic-000 has 50 samples a second"):
        examples_of(slow, prepared)
    assert write(tmp_path, slow).exists()  # what reads it need not know the rate


def test_a_projection_keeps_what_varies_most() -> None:
    rng = np.random.default_rng(1)
    along = rng.normal(size=200)
    features = np.stack([along, -along, along + rng.normal(0, 0.1, 200)], axis=1)
    points, shares = project(features, 3)
    assert shares[0] > 0.98
    assert shares.sum() == pytest.approx(1)
    assert abs(np.corrcoef(points[:, 0], along)[0, 1]) > 0.99
    assert np.array_equal(project(features, 3)[0], points)


def test_a_projection_of_fewer_windows_than_dimensions() -> None:
    points, shares = project(np.zeros((1, 4)), 3)
    assert points.tolist() == [[0, 0, 0]]
    assert shares.tolist() == [0, 0, 0]


def test_the_explorer_is_a_picture_the_same_for_the_same_windows(tmp_path: Path) -> None:
    features = np.random.default_rng(1).normal(size=(12, 5, 2))
    targets = np.arange(12) % 3
    answers = np.where(np.arange(12) < 2, 3, targets)  # 3: unknown, none of the labels
    for name in ("one.png", "two.png"):
        draw_explorer(features, targets, answers, ("a", "b", "c"), tmp_path / name)
    picture = (tmp_path / "one.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert picture == (tmp_path / "two.png").read_bytes()
    draw_explorer(features, targets, targets, ("a", "b", "c"), tmp_path / "right.png")
    assert picture != (tmp_path / "right.png").read_bytes()


def test_recordings_have_the_axes_of_the_workload() -> None:
    assert all(isinstance(one, Recording) and one.axes == Motion().axes for one in MADE)
