"""Training on real recordings, where there are some."""

from pathlib import Path

import pytest
from slipway_components.signals.gather.task import gather
from slipway_components.signals.validate.task import Validation, validate

from slipway.adapters.compiled_pipelines import CompiledPipelines
from slipway.adapters.kfp_pipelines import PACKAGE
from tests.fixtures.datasets import real_data

pytestmark = pytest.mark.slow


def _validate(tmp_path: Path, name: str) -> Validation:
    """With the pipeline's own parameters, but two folds alone, which is quick."""
    recordings = tmp_path / "recordings"
    gather(recordings, name=name, data=str(real_data(name)), recordings=0, seed=1)
    declared = CompiledPipelines(PACKAGE, None).get(name).parameters
    parameters = {**{one.name: one.default for one in declared}, "folds": 2}
    done = validate(recordings, tmp_path / "evaluation", name=name, parameters=parameters)
    assert isinstance(done, Validation)
    return done


def test_appliances_are_told_apart_by_recordings_that_were_not_learned_from(
    tmp_path: Path,
) -> None:
    done = _validate(tmp_path, "appliances")
    assert done.judged.windows.accuracy >= 0.97
    assert done.judged.recordings.accuracy == 1
    assert done.single.windows.accuracy - done.judged.windows.accuracy <= 0.01


def test_motion_is_told_apart_by_recordings_that_were_not_learned_from(tmp_path: Path) -> None:
    done = _validate(tmp_path, "motion")
    assert done.judged.windows.accuracy >= 0.95
    assert done.single.windows.accuracy - done.judged.windows.accuracy <= 0.01
    assert done.judged.windows.accuracy > done.baseline.windows.accuracy
