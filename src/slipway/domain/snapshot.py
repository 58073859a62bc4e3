"""snapshot.json: every file that a model was trained on, by path, size and SHA-256.

    {"schema": 1, "digest": "sha256:…", "files": [{"path", "size", "sha256"}, …]}

Files are sorted by path. The digest is the SHA-256 over one line `SHA256 SIZE PATH` per file.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Self

from slipway.domain.errors import InvalidDataset
from slipway.domain.keys import is_key

SCHEMA = 1
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class File:
    """One file of the set."""

    path: str  # LABEL/FILE or LABEL/GROUP/FILE
    size: int  # bytes
    sha256: str

    @property
    def label(self) -> str:
        """What the file is an example of."""
        return self.path.partition("/")[0]


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
            if not is_data_path(file.path) or not _SHA256.fullmatch(file.sha256) or file.size < 0:
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


def is_data_path(path: str) -> bool:
    """Whether a dataset may have a file of this path."""
    return is_key(path) and path.count("/") in (1, 2)


@dataclass(frozen=True)
class LabelChange:
    """How one label's files differ between two sets; `before` and `after` count all of them."""

    before: int
    after: int
    added: int
    removed: int
    changed: int  # same path, other contents


def changes(before: Snapshot, after: Snapshot) -> Mapping[str, LabelChange]:
    """What differs, label by label, in the order of their names; labels that are the same too."""
    was, now = ({file.path: file for file in each.files} for each in (before, after))
    had, has = (Counter(file.label for file in each.files) for each in (before, after))
    added = Counter(now[path].label for path in now.keys() - was.keys())
    removed = Counter(was[path].label for path in was.keys() - now.keys())
    both = was.keys() & now.keys()
    changed = Counter(now[path].label for path in both if was[path] != now[path])
    return {
        label: LabelChange(had[label], has[label], added[label], removed[label], changed[label])
        for label in sorted(had.keys() | has.keys())
    }
