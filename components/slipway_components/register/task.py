"""Writes what a run did and made to the model registry."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from slipway.domain.card import ModelCard
from slipway.domain.compatibility import Interface, check_compatible
from slipway.domain.errors import InvalidInput
from slipway.ports.bucket import Bucket
from slipway.ports.model_registry import ModelRegistry, RunRecord
from slipway.services.model_output import folder_of, latest_cards
from slipway_components.progress import say


def register(
    model: Path,
    training: Path,
    evaluation: Path,
    bucket: Bucket,
    registry: ModelRegistry,
    *,
    configuration: str,
) -> str:
    """Register the version in the folder `model` and return the id of its run.

    `training` holds history.json, `evaluation` the plots and reports. A version that is
    registered already stays as it is, so that a repeated task does no harm. Raises
    IncompatibleModel when the exported model breaks the last version under its MAJOR.
    """
    card_file = model / "model.json"
    card = ModelCard.parse(card_file.read_bytes())
    version = card.version
    latest = latest_cards(bucket, version.name, before=version)
    check_compatible(version.major, Interface.of(card), latest)
    if standing := registry.find(version):
        say(f"register: {version} is registered already")
        return standing.run_id
    reports = [card_file, *sorted(path for path in evaluation.iterdir() if path.is_file())]
    record = RunRecord(
        parameters=_parameters(configuration),
        metrics=card.metrics,
        curves=_curves(training / "history.json"),
        files=reports,
        dataset_name=str(version.name),
        dataset_digest=card.lineage.get("dataset_digest", ""),
        tags={**card.lineage, "version": str(version)},
    )
    run_id = registry.record_run(version.name, record)
    source = f"{bucket.url}/{folder_of(version)}".rstrip("/")
    registry.register(version, run_id, source, card.lineage)
    say(f"register: {version}, run {run_id}")
    return run_id


def _parameters(configuration: str) -> Mapping[str, str | int | float | bool]:
    document = json.loads(configuration)
    return {
        key: ", ".join(map(str, value)) if isinstance(value, list) else value
        for key, value in document.items()
    }


def _curves(history: Path) -> Mapping[str, Sequence[float]]:
    try:
        curves = json.loads(history.read_bytes())["curves"]
        return {str(name): [float(value) for value in values] for name, values in curves.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidInput(
            f"{history} is no training history: {type(error).__name__} {error}",
            hint="Train the model again",
        ) from error
