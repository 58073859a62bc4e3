"""`state/targets/`: the verified contents that are wanted now, by their sha256.

A restart then downloads nothing. What lies there is trusted no more than what comes from the
bucket: it is verified each time that it is read, so a damaged file is but one that is missing.
"""

import hashlib
from collections.abc import Set
from pathlib import Path

from slipway_agent.disk import Disk, replace_file


class TargetCache:
    """Its methods raise OSError."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        self._folder = folder
        self._disk = disk

    def read(self, sha256: str, length: int) -> bytes | None:
        """The content with this digest and length, or None."""
        try:
            with (self._folder / sha256).open("rb") as file:
                data = file.read(length + 1)
        except OSError:
            return None
        return data if hashlib.sha256(data).hexdigest() == sha256 else None

    def write(self, sha256: str, data: bytes) -> None:
        """Keep a content that was verified."""
        self._disk.make_folder(self._folder)
        replace_file(self._disk, self._folder / sha256, data)

    def keep_only(self, used: Set[str]) -> None:
        """Remove what is not among these digests."""
        if self._folder.is_dir():
            for path in sorted(self._folder.iterdir()):
                if path.name not in used:
                    self._disk.unlink(path)
