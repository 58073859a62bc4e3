"""`state/manifests/SHA256.yaml`: the bytes of every manifest that the record names."""

from collections.abc import Collection
from pathlib import Path

from slipway_agent.disk import Disk, replace_file
from slipway_agent.errors import Refused
from slipway_agent.manifest import Manifest, read_manifest


class ManifestStore:
    """Keeps manifests by the sha256 of their bytes; OSError when the disk does not."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        self._folder = folder
        self._disk = disk
        self._known: dict[str, Manifest] = {}

    def forget(self) -> None:
        """Trust the disk alone: another agent may have written there."""
        self._known = {}

    def put(self, manifest: Manifest) -> None:
        """Keep one, on the disk before this returns."""
        if manifest.sha256 not in self._known:
            self._disk.make_folder(self._folder)
            replace_file(self._disk, self._path(manifest.sha256), manifest.data)
            self._known[manifest.sha256] = manifest

    def get(self, slot: str, sha256: str) -> Manifest | None:
        """One that was kept; None if it is not there, or not what it was."""
        if sha256 not in self._known:
            try:
                data = self._path(sha256).read_bytes()
                manifest = read_manifest(data, f"{slot}-pod.yaml")
            except (FileNotFoundError, Refused):
                return None
            if manifest.sha256 != sha256:
                return None
            self._known[sha256] = manifest
        return self._known[sha256]

    def keep_only(self, wanted: Collection[str]) -> None:
        """Forget all others."""
        self._known = {sha256: self._known[sha256] for sha256 in wanted if sha256 in self._known}
        if self._folder.exists():
            for path in sorted(self._folder.iterdir()):
                if path.name.removesuffix(".yaml") not in wanted:
                    self._disk.unlink(path)

    def _path(self, sha256: str) -> Path:
        return self._folder / f"{sha256}.yaml"
