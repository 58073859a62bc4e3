"""Tuning: what is tried, for how long, and what comes out as the best."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from slipway_components.signals import tuning
from slipway_components.signals.tuning import Candidate, tune

from slipway.adapters.compiled_pipelines import CompiledPipelines
from slipway.adapters.kfp_pipelines import PACKAGE
from slipway.cli.tune import _command_line
from slipway.domain.errors import InvalidInput

DEFAULTS = {
    one.name: one.default for one in CompiledPipelines(PACKAGE, None).get("motion").parameters
}


@dataclass
class Trainer:
    """Stands for cross-validation, and for the time that it takes."""

    seconds: float
    now: float = 0.0

    def cross_validate(self, of: object, recordings: Sequence[Any], parameters: Any) -> Any:
        self.now += self.seconds
        right = 0.5 + (0.3 if parameters["network"] == "dense" else 0.0)
        right += 0.1 if parameters["statistics"] else 0.0
        judged = SimpleNamespace(
            windows=SimpleNamespace(accuracy=right), recordings=SimpleNamespace(accuracy=1.0)
        )
        return SimpleNamespace(
            judge=lambda: SimpleNamespace(judged=judged), milliseconds=1.0, size=4000
        )


@pytest.fixture
def trainer(monkeypatch: pytest.MonkeyPatch) -> Trainer:
    made = Trainer(10.0)
    monkeypatch.setattr(tuning, "cross_validate", made.cross_validate)
    monkeypatch.setattr("time.monotonic", lambda: made.now)
    return made


def _changes(budget: float, **changed: Any) -> list[Any]:
    found = tune("motion", [], {**DEFAULTS, **changed}, budget=budget)
    return [tried.candidate.changed for tried in found]


def test_the_budget_is_kept(trainer: Trainer) -> None:
    assert len(_changes(45)) == 4
    assert trainer.now == 40


def test_the_given_parameters_are_tried_however_small_the_budget(trainer: Trainer) -> None:
    assert _changes(1) == [{}]


def test_everything_is_tried_once_when_there_is_time(trainer: Trainer) -> None:
    found = list(tune("motion", [], DEFAULTS, budget=1e6))
    changes = [tuple(sorted(one.candidate.changed.items())) for one in found]
    assert len(set(changes)) == len(changes) == found[0].of == 51
    assert [one.number for one in found] == list(range(1, 52))
    assert found[-1].left == 1e6 - 510


def test_the_same_seed_tries_in_the_same_order(trainer: Trainer) -> None:
    assert _changes(100) == _changes(100)
    assert _changes(100) != _changes(100, seed=2)


def test_there_is_nothing_to_tune_in_a_workload_without_candidates() -> None:
    with pytest.raises(InvalidInput, match="nothing to tune in appliances"):
        next(tune("appliances", [], DEFAULTS, budget=1))


def test_accuracy_comes_first_then_size() -> None:
    small, large, wrong = (
        Candidate({}, accuracy, 1.0, 1.0, size)
        for accuracy, size in ((0.98, 4000), (0.98, 9000), (0.9, 100))
    )
    assert max([large, wrong, small], key=lambda one: one.rank) is small


def test_the_best_is_a_command_line() -> None:
    line = _command_line(
        "motion", ["data=my data", "window=62", "epochs=3"], {"window": 94, "statistics": False}
    )
    assert line == (
        "slipway run motion -p 'data=my data' -p epochs=3 -p window=94 -p statistics=false"
    )
