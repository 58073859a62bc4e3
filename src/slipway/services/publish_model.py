"""Hands a trained model over: its folder goes to the model-output bucket, TRAINER-DONE last."""

from pathlib import Path

from slipway.domain.card import ModelCard
from slipway.domain.errors import AlreadyExists, InvalidCard, NotFound
from slipway.domain.names import ModelVersion
from slipway.ports.bucket import Bucket
from slipway.services.model_output import CARD, MARKER, SNAPSHOT, folder_of

NEEDED = (CARD, "model.tflite", "saved_model/saved_model.pb")


def publish_model(
    folder: Path, version: ModelVersion, bucket: Bucket, snapshot: Path | None = None
) -> str:
    """Upload `folder` as `MODEL/VERSION/`, with the `snapshot` that it was trained on when that is
    given, and return its URL.

    The marker is written when everything else is there, so that a crash leaves none, and the
    next attempt puts right what the crashed one left. A version that is complete is never
    changed: publishing the same model again does nothing. Raises NotFound or InvalidCard when the
    folder is no export of that version, AlreadyExists when the version holds another model.
    """
    for name in NEEDED:
        if not (folder / name).is_file():
            raise NotFound(
                f"{folder} has no {name}", hint="Publish the folder that export wrote, all of it"
            )
    card = (folder / CARD).read_bytes()
    if (stated := ModelCard.parse(card).version) != version:
        raise InvalidCard(
            f"{folder / CARD} says version {stated}, to be published is {version}",
            hint="Export the model again with the version that is to be published",
        )
    prefix = folder_of(version)
    there = {entry.key for entry in bucket.objects(prefix)}
    if prefix + MARKER in there:
        if bucket.read(prefix + CARD) != card:
            raise AlreadyExists(
                f"{version} is published already, with another model",
                hint="A version never changes; start a run, it gets a version of its own",
            )
        return f"{bucket.url}/{prefix}".rstrip("/")
    files = {
        prefix + path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MARKER
    }
    if snapshot is not None:
        files[prefix + SNAPSHOT] = snapshot
    for stale in sorted(there - files.keys()):
        bucket.delete(stale)
    for key, path in files.items():
        bucket.upload(path, key)
    bucket.write(prefix + MARKER, f"{version}\n".encode())
    return f"{bucket.url}/{prefix}".rstrip("/")
