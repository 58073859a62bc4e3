"""The parameters of a run on signals: checked first, and divided by what needs them."""

import json
from collections.abc import Mapping

import pytest
from slipway_components.configure.task import Parameter
from slipway_components.signals.plan import plan

from slipway.domain.errors import InvalidInput

GIVEN: Mapping[str, Parameter] = {
    "name": "appliances",
    "major": 1,
    "data": "synthetic",
    "recordings": 4,
    "window": 96,
    "step": 8,
    "network": "pooling",
    "variations": 2,
    "unknown": 0.0,
    "folds": 5,
    "epochs": 10,
    "batch_size": 32,
    "learning_rate": 0.01,
    "seed": 1,
    "gate_floor": 0.7,
    "gate_drop": 0.02,
    "gate_channel": "latest",
    "bucket": "file:///bucket",
    "tracking_uri": "sqlite:////mlflow.db",
    "started": 5,
}


def test_the_training_is_told_only_what_it_depends_on() -> None:
    planned = plan("appliances", GIVEN)
    elsewhere: Mapping[str, Parameter] = {
        "name": "other",
        "bucket": "gs://x",
        "gate_floor": 0.9,
        "started": 9,
    }
    again = plan("appliances", {**GIVEN, **elsewhere})
    assert planned.parameters == again.parameters
    assert planned.configuration != again.configuration
    assert json.loads(planned.parameters)["epochs"] == 10
    assert json.loads(planned.preprocessing) == {
        "kind": "series",
        "axes": ["x", "y", "z"],
        "rate": 0.0,
        "window": 96,
        "step": 8,
    }


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"epochs": 0}, "epochs is 0"),
        ({"batch_size": -1}, "batch_size is -1"),
        ({"learning_rate": float("nan")}, "learning_rate is nan"),
        ({"seed": -1}, "seed is -1"),
        ({"folds": 1}, "folds is 1"),
        ({"unknown": 1.5}, "unknown is 1.5"),
        ({"step": 0}, "describes no windows"),
        ({"network": "none"}, "network is 'none'"),
        ({"gate_floor": 2.0}, "gate_floor is 2.0"),
    ],
)
def test_a_bad_parameter_is_named_before_anything_costs_time(
    change: Mapping[str, Parameter], words: str
) -> None:
    with pytest.raises(InvalidInput, match=words):
        plan("appliances", {**GIVEN, **change})
