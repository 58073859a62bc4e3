"""Record the exact training input, check a folder against the record, bring the set back.

The record alone is enough to check a folder, and to restore the set from any folder that still
has the files. With a store, the contents are kept as well: in a bucket, by their hash, so that
sets which share files share the space, and a set can be brought back when its folder is gone:

    datasets/objects/SHA256            a file's contents, written once
    datasets/snapshots/SHA256.json     the record, under the hex digits of its digest; written last
"""

import shutil
from pathlib import Path

from slipway.domain.errors import InvalidDataset, InvalidInput, NotFound
from slipway.domain.snapshot import File, Snapshot
from slipway.ports.bucket import Bucket
from slipway_components.folder import appearing, write_atomically
from slipway_components.progress import say, track
from slipway_components.snapshot.manifest import fingerprint, snapshot_of

_OBJECTS = "datasets/objects/"
_SHOWN = 20  # differences in one message


def snapshot(dataset: Path, output: Path, store: Bucket | None = None) -> str:
    """Write the record of `dataset` to the file `output`, contents to `store`; the digest."""
    record = snapshot_of(dataset)
    _refuse_empty_labels(dataset, record)
    if store is not None:
        _keep(dataset, record, store)
    write_atomically(output, record.to_json())
    say(f"snapshot: {len(record.files)} files, {record.digest}")
    return record.digest


def verify(dataset: Path, record: Snapshot) -> None:
    """Raises InvalidDataset that names files missing, changed or extra in `dataset`."""
    wanted = {file.path: file for file in record.files}
    there = {file.path: file for file in snapshot_of(dataset).files}
    problems = [f"missing {path}" for path in sorted(wanted.keys() - there.keys())]
    problems += [
        f"changed {path}"
        for path in sorted(wanted.keys() & there.keys())
        if wanted[path] != there[path]
    ]
    problems += [f"extra {path}" for path in sorted(there.keys() - wanted.keys())]
    if problems:
        more = [f"… and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
        raise InvalidDataset(
            f"{dataset} is not {record.digest}:\n  " + "\n  ".join(problems[:_SHOWN] + more),
            hint="Restore the snapshot, or make a new one of what is there",
        )


def restore(record: Snapshot, source: Path | Bucket, output: Path) -> None:
    """Bring the set back to the folder `output`, from a folder or a store; every hash is checked.

    Raises NotFound or InvalidDataset naming a file that is not there or not the same; `output`
    appears complete or not at all.
    """
    with appearing(output) as folder:
        for file in track(record.files, "restore", total=len(record.files), unit="files"):
            target = folder / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            _fetch(file, source, target)
            if fingerprint(target) != (file.size, file.sha256):
                raise InvalidDataset(
                    f"{file.path} has changed since the snapshot was made",
                    hint="Restore from another copy",
                )


def stored(store: Bucket, digest: str) -> Snapshot:
    """The record of a set that a store holds; raises NotFound, InvalidInput."""
    key = _record_key(digest)
    record = Snapshot.parse(store.read(key), key)
    if record.digest != digest:
        raise InvalidDataset(
            f"{key} in {store.url} is the record of {record.digest}", hint="Make the snapshot again"
        )
    return record


def _refuse_empty_labels(dataset: Path, record: Snapshot) -> None:
    """A label without a file would be forgotten without a word."""
    labels = {file.path.split("/", 1)[0] for file in record.files}
    for entry in sorted(dataset.iterdir()):
        if entry.name not in labels and not entry.name.startswith("."):
            raise InvalidDataset(
                f"label {entry.name!r} in {dataset} is empty",
                hint="Put files in or remove the folder",
            )


def _keep(dataset: Path, record: Snapshot, store: Bucket) -> None:
    known = {info.key for info in store.objects(_OBJECTS)}
    new = {file.sha256: file for file in record.files if _OBJECTS + file.sha256 not in known}
    for file in track(new.values(), "store", total=len(new), unit="files"):
        store.upload(dataset / file.path, _OBJECTS + file.sha256)
    store.write(_record_key(record.digest), record.to_json())


def _record_key(digest: str) -> str:
    kind, _, digits = digest.partition(":")
    if kind != "sha256" or len(digits) != 64 or set(digits) - set("0123456789abcdef"):
        raise InvalidInput(
            f"{digest!r} is not a dataset digest", hint="It is sha256: and 64 digits"
        )
    return f"datasets/snapshots/{digits}.json"


def _fetch(file: File, source: Path | Bucket, target: Path) -> None:
    if isinstance(source, Path):
        try:
            shutil.copyfile(source / file.path, target)
        except FileNotFoundError as error:
            raise NotFound(
                f"{file.path} is not in {source}", hint="Restore from another copy"
            ) from error
        return
    try:
        source.download(_OBJECTS + file.sha256, target)
    except NotFound as error:
        raise NotFound(
            f"{file.path} is not in {source.url}: {error.message}", hint="Restore from another copy"
        ) from error
