"""The manifests that lie in the pods folder, whoever has put them there."""

from slipway_agent.errors import Refused
from slipway_agent.hold import PREFIX
from slipway_agent.manifest import Manifest, read_manifest
from slipway_agent.pods_folder import PodsFolder


class Lying:
    """Reads them; what has not changed since it was read is not parsed again."""

    def __init__(self, folder: PodsFolder) -> None:
        self._folder = folder
        self._parsed: dict[str, tuple[bytes | None, Manifest | None]] = {}  # by file name

    def manifests(self) -> dict[str, Manifest]:
        """All by file name, the oldest first; no hold pods."""
        found = {name: self.parse(name, data) for name, data in self._folder.visible().items()}
        return {
            name: manifest
            for name, manifest in found.items()
            if manifest and not manifest.pod.startswith(PREFIX)
        }

    def parse(self, name: str, data: bytes | None) -> Manifest | None:
        """One file's manifest; None if it is none."""
        known = self._parsed.get(name)
        if known is None or known[0] != data:
            known = self._parsed[name] = (data, _manifest(name, data))
        return known[1]


def file_name(manifest: Manifest) -> str:
    """The name of a manifest in the pods folder."""
    return f"{manifest.slot}.{manifest.pod}.yaml"


def _manifest(name: str, data: bytes | None) -> Manifest | None:
    try:
        manifest = read_manifest(data or b"", name)
        slot = name.removesuffix(f".{manifest.pod}.yaml")  # what a manifest does not tell itself
        return manifest if slot == name else read_manifest(data or b"", f"{slot}-pod.yaml")
    except Refused:
        return None
