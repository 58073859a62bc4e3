"""Sound by MQTT: a class for every frame, elected by the last windows."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from slipway_components.signals.recordings import read_all
from slipway_serving.engine import Engine

from slipway_features.wav import read_wav, write_wav
from tests.fixtures.little_versions import little_version
from tests.fixtures.mosquitto import Mosquitto, listening
from tests.fixtures.streaming import streaming, write_streams

pytestmark = [pytest.mark.system, pytest.mark.slow]

FRAME, VOTES, FRAMES = 400, 5, 40  # of each label
WAV_HEADER = 44  # bytes


def test_every_400_samples_lead_to_the_class_that_most_of_the_last_windows_have(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    version = little_version("sounds", "epochs=30", "batch_size=32")
    found = {one.label: one.values for one in read_all(version.parents[1] / "recordings")}
    heard = np.concatenate([values[: FRAME * FRAMES] for values in found.values()])
    pcm = write_wav(heard, 16_000)[WAV_HEADER:]
    expected = list(_elected(version, read_wav(write_wav(heard, 16_000))[0]))
    assert len({label for label, _ in expected}) > 1, "votes that are all the same elect nothing"
    file = write_streams(tmp_path / "streams", mosquitto, f"[windows]\nvotes = {VOTES}\n")
    with (
        streaming(version, tmp_path, file),
        listening(mosquitto.port, "slipway/predictions/+") as client,
    ):
        for start in range(0, len(pcm), 2 * FRAME):
            client.send("slipway/readings/door", pcm[start : start + 2 * FRAME])
        told = client.wait("slipway/predictions/door", len(expected))
    assert [(one["class"], one["probability"]) for one in told] == expected


def _elected(version: Path, heard: np.ndarray) -> Iterator[tuple[str, float]]:
    """The majority of the last windows that are not quiet; of a tie the newest one's class."""
    engine = Engine(version)
    votes: list[tuple[str, float]] = []
    for _, window in engine.signal.windows(heard):
        answer = engine.answer(window)
        if answer.silent:
            votes = []
            continue
        best = int(answer.scores.argmax())
        votes = [*votes, (engine.card.labels[best], round(float(answer.scores[best]), 6))][-VOTES:]
        count = Counter(label for label, _ in votes)
        most = max(count.values())
        label = next(label for label, _ in reversed(votes) if count[label] == most)
        yield label, round(sum(p for of, p in votes if of == label) / most, 6)
