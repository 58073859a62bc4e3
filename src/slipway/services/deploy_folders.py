"""The deploy bucket's folders, `ARCH/CHANNEL/` and `ARCH/all/`, each with an index.json.

The index is for devices that poll over a protocol which cannot list:

    {"schema": 1, "files": [{"name": "hello-pod.yaml", "size": 1234, "sha256": "…"}, …]}

It is written after the manifests. A device that reads a newer manifest than its index tells of sees
that the digests differ, and asks again.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from slipway.domain.errors import NotFound
from slipway.domain.names import ALL_FOLDER, Arch, Channel
from slipway.ports.bucket import Bucket

INDEX = "index.json"
_SCHEMA = 1
_SUFFIX = ".yaml"
FOLDERS = tuple(f"{arch}/{folder}" for arch in Arch for folder in (ALL_FOLDER, *Channel))


def manifest_key(arch: Arch, channel: Channel, repository: str) -> str:
    """Where the manifest of a repository's release lies in the deploy bucket."""
    return f"{arch}/{channel}/{repository}-pod{_SUFFIX}"


@dataclass(frozen=True)
class File:
    """One file of a folder, as its index names it."""

    name: str
    size: int
    sha256: str


def index(files: Iterable[File]) -> bytes:
    """A folder's index.json."""
    document = {"schema": _SCHEMA, "files": [asdict(file) for file in files]}
    return (json.dumps(document, indent=1) + "\n").encode()


@dataclass(frozen=True)
class Changes:
    """Keys by what was done to them."""

    written: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: tuple[str, ...]


class DeployFolders:
    """Reads and writes all folders of one deploy bucket."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def read(self) -> dict[str, bytes]:
        """Every manifest and index of the folders, by key."""
        found: dict[str, bytes] = {}
        for arch in Arch:
            for info in list(self._bucket.objects(f"{arch}/")):
                folder, _, name = info.key.rpartition("/")
                if folder in FOLDERS and (name.endswith(_SUFFIX) or name == INDEX):
                    try:
                        found[info.key] = self._bucket.read(info.key)
                    except NotFound:
                        continue  # deleted since it was listed
        return found

    def write(
        self, found: Mapping[str, bytes], manifests: Mapping[str, bytes], gone: Iterable[str]
    ) -> Changes:
        """Write what differs from `found`, delete what is `gone`, then the folders' indexes.
        Each object is replaced at once; the bucket's errors leave the rest for the next call."""
        now = dict(found)
        written: list[str] = []
        removed: list[str] = []
        for key, data in sorted(manifests.items()):
            if found.get(key) != data:
                self._bucket.write(key, data)
                written.append(key)
            now[key] = data
        for key in sorted(set(gone) & found.keys()):
            self._bucket.delete(key)
            removed.append(key)
            del now[key]
        for folder in FOLDERS:
            key = f"{folder}/{INDEX}"
            data = _index(folder, now)
            if found.get(key) != data:
                self._bucket.write(key, data)
                written.append(key)
        unchanged = sorted(manifests.keys() - set(written))
        return Changes(tuple(written), tuple(removed), tuple(unchanged))


def _index(folder: str, contents: Mapping[str, bytes]) -> bytes:
    return index(
        File(key.rpartition("/")[2], len(data), hashlib.sha256(data).hexdigest())
        for key, data in sorted(contents.items())
        if key.rpartition("/")[0] == folder and key.endswith(_SUFFIX)
    )
