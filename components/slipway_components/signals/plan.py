"""A run's parameters: checked before anything costs time, and divided by what needs them."""

from collections.abc import Mapping
from dataclasses import dataclass

from slipway.domain.errors import InvalidInput
from slipway_components.configure.task import Parameter, between, canonical, configure
from slipway_components.signals.fitting import Effort
from slipway_components.signals.workloads import workload
from slipway_features.preparing import preparing

# What a training need not know, so that it is not repeated when one of them changes.
_NOT_OF_TRAINING = (
    "name",
    "major",
    "data",
    "recordings",
    "dataset_store",
    "gate_floor",
    "gate_drop",
    "gate_channel",
    "bucket",
    "tracking_uri",
    "git_commit",
    "hmac_key",
    "started",
)


@dataclass(frozen=True)
class Plan:
    """Each as canonical JSON, in which numbers stay what they are on their way through kfp."""

    configuration: str  # all of the model's configuration
    parameters: str  # of the training
    preprocessing: str  # as the card will have it


def plan(name: str, given: Mapping[str, Parameter]) -> Plan:
    """Check the parameters of a pipeline for the workload `name`; raises InvalidInput naming the
    parameter at fault, and what `configure` raises."""
    configuration = configure(given)
    Effort.of(given)
    of = workload(name)
    of.check(given)
    try:
        preprocessing = of.preprocessing(given)
        preparing(preprocessing, {})
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput(
            f"the windows of {name} cannot be prepared: {error}",
            hint="Mend the parameters of windows and features",
        ) from error
    for share in ("unknown", "false_alarms"):
        if share in given:
            between(share, given[share], 0, 1)
    between("folds", given["folds"], 2, 100)
    training = {key: value for key, value in given.items() if key not in _NOT_OF_TRAINING}
    return Plan(configuration, canonical(training), canonical(preprocessing))
