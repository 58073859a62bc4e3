"""The device's answer is the trainer's: the same recordings through the code of training here, and
through the serving container of every arch."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from slipway_components.export.litert import Kernels, LiteRtModel
from slipway_components.signals.device import SignalPath
from slipway_components.signals.learned import Learned
from slipway_components.signals.recordings import read_all

from slipway.domain.card import ModelCard
from slipway.domain.names import Arch
from slipway_features.signal import Signal
from tests.fixtures.little_versions import little_version
from tests.fixtures.serving_images import ServingImages, serving_images

pytestmark = [pytest.mark.system, pytest.mark.slow]

PROBE = Path(__file__).parents[1] / "fixtures" / "answer_probe.py"
WINDOWS, BEGINNINGS = 12, 4  # of each recording, and from where in its first step on
NETWORKS = {
    "appliances": ("appliances", "epochs=5"),
    "appliances-gru": ("appliances", "epochs=5", "network=gru"),
    "motion": ("motion", "epochs=20"),
    "motion-convolution": ("motion", "epochs=20", "network=convolution"),
    "sounds": ("sounds", "epochs=30", "batch_size=32"),
    "vibration": ("vibration", "epochs=3"),
    "vibration-shape": ("vibration", "epochs=3", "amplitude=remove", "depth=2"),
}


@pytest.fixture(scope="module")
def containers(registry: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServingImages]:
    with serving_images(tmp_path_factory.mktemp("archs"), f"{registry}/archs") as made:
        yield made


@pytest.mark.parametrize("network", NETWORKS)
def test_every_arch_answers_as_the_trainer_does(
    containers: ServingImages, network: str, tmp_path: Path
) -> None:
    version = little_version(*NETWORKS[network])
    card = ModelCard.parse((version / "model.json").read_bytes())
    learned = Learned.read(version.parents[1] / "fitted")
    signals = _signals(version.parents[1] / "recordings", learned)
    model = LiteRtModel(version / "model.tflite", Kernels.REFERENCE)
    trainer = SignalPath(model, learned.preparing, card.task)
    expected = [_answer(trainer, window) for s in signals for window in _windows(learned, s)]
    asked = [answer for answer in expected if answer is not None]
    assert len(asked) > 100
    assert len({tuple(answer) for answer in asked}) > 20, "equal ones say something"

    given = tmp_path / "given"
    given.mkdir()
    given.chmod(0o755)
    np.savez(given / "signals.npz", *signals)
    told = {
        arch: json.loads(
            containers.run(
                arch,
                PROBE,
                "/model",
                "/given/signals.npz",
                mounts={version: "/model", given: "/given"},
            )
        )
        for arch in Arch
    }
    off = {arch: _off(expected, document["answers"]) for arch, document in told.items()}
    assert off == dict.fromkeys(Arch, 0), {arch: told[arch]["runtime"] for arch in Arch}
    assert card.golden_tolerance == 0


def _signals(recordings: Path, learned: Learned) -> list[Signal]:
    """Beginnings of recordings that hold few windows each."""
    ways = learned.preparing
    length = ways.window + ways.step * (WINDOWS - 1)
    return [
        recording.values[first : first + length]
        for recording in read_all(recordings)
        for first in range(0, ways.step, -(-ways.step // BEGINNINGS))
    ]


def _windows(learned: Learned, signal: Signal) -> Iterator[Signal]:
    return (window for _, window in learned.preparing.windows(signal))


def _answer(trainer: SignalPath, window: Signal) -> Any:
    """As the probe prints it."""
    if trainer.preparing.silent(window):
        return None
    features = trainer.preparing.extract(window)
    return trainer.scores_of(features[np.newaxis])[0].tolist()


def _off(expected: list[Any], told: list[Any]) -> int:
    """How many answers differ in any bit."""
    return sum(a != b for a, b in zip(expected, told, strict=True))
