"""The rule on means and deviations, which a network has to beat."""

import numpy as np
from slipway_components.signals.baseline import answers
from slipway_components.signals.examples import Examples, examples_of
from slipway_components.signals.recordings import Recording

from slipway_features.preparing import preparing

WINDOWS = preparing({"kind": "series", "axes": ["x"], "rate": 0, "window": 20, "step": 20}, {})


def _examples(label: str, mean: float, deviation: float, seed: int) -> Examples:
    values = mean + deviation * np.random.default_rng(seed).normal(size=(200, 1))
    return examples_of(Recording(label, str(seed), values, 0.0, ("x",)), WINDOWS)


def test_labels_that_differ_in_strength_or_in_height_are_told_apart() -> None:
    kinds = {"loud": (0.0, 1.0), "high": (1.0, 0.1), "quiet": (0.0, 0.1)}
    labels = sorted(kinds)
    learned = [_examples(label, *kinds[label], seed=1) for label in labels]
    judged = [_examples(label, *kinds[label], seed=2) for label in labels]
    for index, scores in enumerate(answers(learned, judged, labels)):
        assert scores.shape == (10, 3)
        assert scores[:, index].all()
        assert (scores.sum(axis=1) == 1).all()


def test_what_stands_still_has_an_answer_too() -> None:
    still = [_examples(label, mean, 0.0, seed=1) for label, mean in (("down", -1.0), ("up", 1.0))]
    scores = answers(still, still, ["down", "up"])
    assert [part.argmax(axis=1).tolist() for part in scores] == [[0] * 10, [1] * 10]
