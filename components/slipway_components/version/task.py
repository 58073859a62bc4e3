"""Allocates the version, and refuses early what could not be registered in the end."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from slipway.domain.card import Value
from slipway.domain.compatibility import Interface, check_compatible
from slipway.domain.errors import InvalidDataset
from slipway.domain.names import ModelName
from slipway.ports.bucket import Bucket
from slipway.services.model_output import latest_cards
from slipway.services.versions import allocate
from slipway_components.configure.task import configuration_digest
from slipway_components.progress import say


@dataclass(frozen=True)
class Allocated:
    """The version, and where the model comes from."""

    version: str
    lineage: dict[str, str]


def version(
    snapshot: Path,
    bucket: Bucket,
    *,
    name: str,
    major: int,
    preprocessing: Mapping[str, Value],
    started: int,
    configuration: str,
    git_commit: str,
) -> Allocated:
    """Allocate the version of a run that trains a model on `snapshot`.

    `configuration` is what `configure` returned, `preprocessing` what is known of the card's,
    `started` the run's start in unix seconds. Raises IncompatibleModel when the labels or the
    preprocessing need another MAJOR, which is known before the training has cost anything.
    """
    labels, digest = _read(snapshot)
    model = ModelName.parse(name)
    check_compatible(major, Interface(labels, preprocessing), latest_cards(bucket, model))
    allocated = allocate(bucket, model, major, started)
    say(f"version: {allocated}")
    seeds = {k: v for k, v in json.loads(configuration).items() if k.endswith("seed")}
    lineage = {
        "configuration_digest": configuration_digest(configuration),
        "dataset_digest": digest,
        "git_commit": git_commit,
        "seeds": ", ".join(f"{key}={value}" for key, value in sorted(seeds.items())),
    }
    return Allocated(str(allocated), {key: value for key, value in lineage.items() if value})


def _read(snapshot: Path) -> tuple[tuple[str, ...], str]:
    """The labels, sorted, and the digest of a snapshot."""
    try:
        document = json.loads(snapshot.read_bytes())
        labels = {str(entry["path"]).split("/", 1)[0] for entry in document["files"]}
        return tuple(sorted(labels)), str(document["digest"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidDataset(
            f"{snapshot} is not a snapshot: {type(error).__name__} {error}",
            hint="Make the snapshot again",
        ) from error
