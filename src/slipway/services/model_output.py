"""The model-output bucket: `MODEL/VERSION/…`, complete when TRAINER-DONE is there."""

from collections.abc import Iterator

from slipway.domain.card import ModelCard
from slipway.domain.errors import InvalidName, NotFound
from slipway.domain.names import ModelName, ModelVersion
from slipway.domain.snapshot import Snapshot
from slipway.ports.bucket import Bucket

MARKER = "TRAINER-DONE"  # written last: all before it is complete
CARD = "model.json"
SNAPSHOT = "snapshot.json"  # the files that the model was trained on
RESERVATIONS = "versions"  # MODEL/versions/TIMESTAMP; no version has this name


def folder_of(version: ModelVersion) -> str:
    """The key prefix of a version, with the slash at its end."""
    return f"{version.name}/{version}/"


def complete_versions(bucket: Bucket, name: ModelName) -> list[ModelVersion]:
    """The versions of a name whose training ended well, oldest first."""
    return sorted(
        {version for version, file in _version_files(bucket, name) if file == MARKER},
        key=lambda version: version.timestamp,
    )


def timestamps(bucket: Bucket, name: ModelName) -> set[int]:
    """All timestamps of a name that are taken, by a reservation or by a version of any MAJOR."""
    taken = {version.timestamp for version, _ in _version_files(bucket, name)}
    prefix = f"{name}/{RESERVATIONS}/"
    for entry in bucket.objects(prefix):
        text = entry.key.removeprefix(prefix)
        if text.isascii() and text.isdecimal():
            taken.add(int(text))
    return taken


def read_card(bucket: Bucket, version: ModelVersion) -> ModelCard:
    """The card of a version; NotFound, InvalidCard."""
    key = f"{folder_of(version)}{CARD}"
    return ModelCard.parse(bucket.read(key), f"{bucket.url}/{key}")


def read_dataset(bucket: Bucket, version: ModelVersion) -> Snapshot | None:
    """The files that a version was trained on, None when that was not kept; InvalidDataset."""
    key = f"{folder_of(version)}{SNAPSHOT}"
    try:
        return Snapshot.parse(bucket.read(key), f"{bucket.url}/{key}")
    except NotFound:
        return None


def latest_cards(
    bucket: Bucket, name: ModelName, before: ModelVersion | None = None
) -> dict[int, tuple[ModelVersion, ModelCard]]:
    """The last complete version of each MAJOR, with its card; only those older than `before`."""
    last = {
        version.major: version
        for version in complete_versions(bucket, name)
        if before is None or version.timestamp < before.timestamp
    }
    return {major: (version, read_card(bucket, version)) for major, version in last.items()}


def _version_files(bucket: Bucket, name: ModelName) -> Iterator[tuple[ModelVersion, str]]:
    """Each object of each version folder: the version and the path inside the folder."""
    for entry in bucket.objects(f"{name}/{name}_"):
        folder, _, file = entry.key.removeprefix(f"{name}/").partition("/")
        try:
            version = ModelVersion.parse(folder)
        except InvalidName:  # not ours
            continue
        yield version, file
