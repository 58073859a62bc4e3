"""Makes the record of the files in a folder, and reads one; `slipway.domain.snapshot` says what it
holds."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from slipway.domain.errors import InvalidDataset, NotFound
from slipway.domain.snapshot import File, Snapshot, is_data_path


def read_snapshot(path: Path) -> Snapshot:
    """Read a file; raises NotFound, InvalidDataset."""
    try:
        return Snapshot.parse(path.read_bytes(), str(path))
    except OSError as error:
        raise NotFound(
            f"{path} cannot be read: {error.strerror}", hint="Name a file that snapshot wrote"
        ) from error


def snapshot_of(dataset: Path) -> Snapshot:
    """Hash what lies in a folder; raises NotFound, InvalidDataset."""
    if not dataset.is_dir():
        raise NotFound(f"there is no folder {dataset}", hint="Check the path")
    return Snapshot(tuple(File(path, *fingerprint(dataset / path)) for path in _paths(dataset)))


def fingerprint(path: Path) -> tuple[int, str]:
    """Size in bytes and SHA-256; raises InvalidDataset naming a file that cannot be read."""
    try:
        with path.open("rb") as handle:
            digest = hashlib.file_digest(handle, "sha256").hexdigest()
            return handle.tell(), digest
    except OSError as error:
        raise InvalidDataset(
            f"{path} cannot be read: {error.strerror}", hint="Mend or remove it"
        ) from error


def _paths(dataset: Path) -> list[str]:
    """Paths of all files, sorted; dot-names are no part of a dataset."""
    found = sorted(_walk(dataset, ""))
    if not found:
        raise InvalidDataset(f"{dataset} has no files", hint="Gather the data first")
    for path in found:
        if not is_data_path(path):
            raise InvalidDataset(
                f"{path!r} in {dataset} is no LABEL/FILE or LABEL/GROUP/FILE",
                hint="Use these two layouts, and names without control characters",
            )
    return found


def _walk(folder: Path, prefix: str) -> Iterator[str]:
    for entry in folder.iterdir():
        if entry.name.startswith("."):
            continue
        path = f"{prefix}{entry.name}"
        # nothing lies deeper than LABEL/GROUP: a link that leads back to itself ends here
        if entry.is_dir() and path.count("/") < 2:
            yield from _walk(entry, f"{path}/")
        else:
            yield path
