"""Reports into a folder: `file:///…`."""

from pathlib import Path

from slipway_agent.disk import Disk, replace_file
from slipway_agent.errors import NotFound, from_disk


class FolderSink:
    """Writes files whole; makes folders below its root, never the root."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._disk = Disk()

    @property
    def url(self) -> str:
        """`file://` and the path."""
        return f"file://{self._root}"

    def write(self, path: str, data: bytes) -> None:
        """Create or replace a file."""
        if not self._root.is_dir():
            raise NotFound(f"{self.url} does not exist")
        target = self._root / path
        try:
            self._disk.make_folder(target.parent)
            replace_file(self._disk, target, data)
        except OSError as error:
            raise from_disk(error, target.parent) from error
