"""What the pipelines on signals share: from a plan to the model-output bucket."""

from typing import Any

from slipway_components.gate.component import gate
from slipway_components.publish.component import publish
from slipway_components.register.component import register
from slipway_components.signals.export.component import export
from slipway_components.signals.fit.component import fit
from slipway_components.signals.gather.component import gather
from slipway_components.signals.validate.component import validate
from slipway_components.snapshot.component import snapshot
from slipway_components.version.component import version


def train_on_signals(
    plan: Any,
    *,
    workload: str,
    name: str,
    major: int,
    data: str,
    recordings: int,
    seed: int,
    metric: str,
    gate_floor: float,
    gate_drop: float,
    gate_channel: str,
    dataset_store: str,
    bucket: str,
    tracking_uri: str,
    git_commit: str,
    secret: str = "",
) -> None:
    """Add all tasks behind `plan`, the task that checked the parameters.

    `plan` has the outputs `configuration`, `parameters`, `preprocessing` and `started`; `metric` is
    the one of the card that the gate looks at.
    """
    # What depends on the time, or on what buckets and registries hold, is done anew in every run.
    plan.set_caching_options(enable_caching=False)
    gathered = gather(workload=workload, data=data, synthetic=recordings, seed=seed, secret=secret)
    gathered.after(plan)
    dataset = gathered.outputs["recordings"]
    record = snapshot(dataset=dataset, store=dataset_store)
    allocated = version(
        snapshot=record.outputs["record"],
        name=name,
        major=major,
        preprocessing=plan.outputs["preprocessing"],
        started=plan.outputs["started"],
        configuration=plan.outputs["configuration"],
        git_commit=git_commit,
        bucket=bucket,
    )
    allocated.set_caching_options(enable_caching=False)
    parameters = plan.outputs["parameters"]
    validated = validate(recordings=dataset, workload=workload, parameters=parameters)
    validated.after(allocated)
    trained = fit(recordings=dataset, workload=workload, parameters=parameters)
    trained.after(validated)  # what fails, fails before the last training
    exported = export(
        model=trained.outputs["model"],
        recordings=dataset,
        evaluation=validated.outputs["evaluation"],
        version=allocated.outputs["version"],
        lineage=allocated.outputs["lineage"],
    )
    model = exported.outputs["export"]
    passed = gate(
        model=model,
        metric=metric,
        floor=gate_floor,
        allowed_drop=gate_drop,
        channel=gate_channel,
        tracking_uri=tracking_uri,
    )
    passed.set_caching_options(enable_caching=False)
    registered = register(
        model=model,
        training=trained.outputs["model"],
        evaluation=validated.outputs["evaluation"],
        configuration=plan.outputs["configuration"],
        bucket=bucket,
        tracking_uri=tracking_uri,
    )
    registered.after(passed)
    registered.set_caching_options(enable_caching=False)
    published = publish(
        model=model,
        snapshot=record.outputs["record"],
        version=allocated.outputs["version"],
        bucket=bucket,
    )
    published.after(registered)
    published.set_caching_options(enable_caching=False)
