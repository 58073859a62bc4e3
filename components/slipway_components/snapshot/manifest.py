"""snapshot.json: every file's path, size and SHA-256, and the digest that identifies the set.

    {"schema": 1, "digest": "sha256:…", "files": [{"path", "size", "sha256"}, …]}

Files are sorted by path. The digest is the SHA-256 over one line `SHA256 SIZE PATH` per file.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from slipway.domain.errors import InvalidDataset, NotFound
from slipway.domain.keys import is_key

SCHEMA = 1
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class File:
    """One file of the set."""

    path: str  # LABEL/FILE or LABEL/GROUP/FILE
    size: int  # bytes
    sha256: str


@dataclass(frozen=True)
class Snapshot:
    """A set of files, sorted by path."""

    files: tuple[File, ...]

    @property
    def digest(self) -> str:
        """`sha256:…`, the set's identity."""
        lines = "".join(f"{file.sha256} {file.size} {file.path}\n" for file in self.files)
        return f"sha256:{hashlib.sha256(lines.encode()).hexdigest()}"

    def to_json(self) -> bytes:
        """The file's bytes."""
        document = {"schema": SCHEMA, "digest": self.digest, "files": list(map(asdict, self.files))}
        return (json.dumps(document, indent=1, sort_keys=True) + "\n").encode()

    @classmethod
    def parse(cls, data: bytes, name: str = "the snapshot") -> Self:
        """Read snapshot.json; raises InvalidDataset, also when its digest does not fit."""
        try:
            document = json.loads(data)
            files = tuple(
                File(str(file["path"]), int(file["size"]), str(file["sha256"]))
                for file in document["files"]
            )
            schema, digest = document["schema"], document["digest"]
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidDataset(
                f"{name} is not a snapshot: {type(error).__name__} {error}", hint="Make it again"
            ) from error
        for file in files:
            if not _is_safe(file.path) or not _SHA256.fullmatch(file.sha256) or file.size < 0:
                raise InvalidDataset(
                    f"{name} has an impossible entry {file.path!r}", hint="Make it again"
                )
        snapshot = cls(files)
        if schema != SCHEMA or digest != snapshot.digest:
            raise InvalidDataset(
                f"{name} was altered: schema {schema!r}, digest {digest} but its files give "
                f"{snapshot.digest}",
                hint="Make the snapshot again",
            )
        return snapshot

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file; raises NotFound, InvalidDataset."""
        try:
            return cls.parse(path.read_bytes(), str(path))
        except OSError as error:
            raise NotFound(
                f"{path} cannot be read: {error.strerror}", hint="Name a file that snapshot wrote"
            ) from error

    @classmethod
    def of(cls, dataset: Path) -> Self:
        """Hash what lies in a folder; raises NotFound, InvalidDataset."""
        if not dataset.is_dir():
            raise NotFound(f"there is no folder {dataset}", hint="Check the path")
        return cls(tuple(File(path, *fingerprint(dataset / path)) for path in _paths(dataset)))


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
        if not _is_safe(path):
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


def _is_safe(path: str) -> bool:
    return is_key(path) and path.count("/") in (1, 2)
