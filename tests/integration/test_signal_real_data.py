"""Training on real recordings, where there are some."""

from pathlib import Path

import pytest
from slipway_components.signals.gather.task import gather
from slipway_components.signals.validate.task import validate

from slipway.adapters.kfp_pipelines import PACKAGE, declared_parameters, load_pipeline
from tests.fixtures.datasets import real_data

pytestmark = pytest.mark.slow


def test_appliances_are_told_apart_by_recordings_that_were_not_learned_from(
    tmp_path: Path,
) -> None:
    gather(
        tmp_path / "recordings",
        name="appliances",
        data=str(real_data("appliances")),
        recordings=0,
        seed=1,
    )
    defaults = {
        p.name: p.default for p in declared_parameters(load_pipeline(PACKAGE, "appliances"))
    }
    done = validate(
        tmp_path / "recordings",
        tmp_path / "evaluation",
        name="appliances",
        parameters={**defaults, "folds": 2},
    )
    assert done.judged.windows.accuracy >= 0.97
    assert done.judged.recordings.accuracy == 1
    assert done.single.windows.accuracy - done.judged.windows.accuracy <= 0.01
