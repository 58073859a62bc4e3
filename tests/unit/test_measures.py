"""Figures against counting by hand."""

from itertools import product

import numpy as np
import pytest

from slipway.services.measures import classified, roc_auc


def test_roc_auc_is_the_share_of_pairs_in_order() -> None:
    random = np.random.default_rng(4)
    for _ in range(20):
        low, high = random.integers(0, 6, 7).astype(float), random.integers(2, 9, 5).astype(float)
        pairs = [1.0 if b > a else 0.5 if b == a else 0.0 for a, b in product(low, high)]
        assert roc_auc(low, high) == pytest.approx(np.mean(pairs))
    assert roc_auc(np.array([1.0, 2.0]), np.array([3.0])) == 1.0
    assert roc_auc(np.array([]), np.array([3.0])) is None


def test_unknown_is_wrong_unless_it_is_the_label() -> None:
    pairs = [("a", "a"), ("a", "unknown"), ("unknown", "unknown"), ("unknown", "b")]
    counted = classified(["a", "b"], pairs)
    assert counted["labels"] == ["a", "b", "unknown"]
    assert counted["confusion"] == [[1, 0, 1], [0, 0, 0], [0, 1, 1]]
    assert counted["accuracy"] == 0.5
    assert counted["per_class"]["b"] == {"precision": 0.0, "recall": 0.0, "support": 0}
    assert classified(["a", "b"], [("a", "b")])["labels"] == ["a", "b"]
    assert classified(["a", "b"], [])["accuracy"] == 0.0
