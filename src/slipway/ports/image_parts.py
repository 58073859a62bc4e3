"""Port: what goes into images besides our own code."""

from pathlib import Path
from typing import Protocol

from slipway.domain.names import Arch


class ImageParts(Protocol):
    """Makes the parts without running anything of a foreign arch.

    The same packages and locks give the same bytes. Raises MissingTool when a program is not
    there, Unavailable when an archive does not answer, DiskFull.
    """

    def root_file_system(self, recipe: Path, arch: Arch, path: Path) -> None:
        """Write the base file system to `path`, an uncompressed tar.

        `recipe` holds `packages.txt` (Debian packages, one a line), `exclude.txt` (paths that
        are left out) and `files/` (what is added).
        """

    def unpack_wheels(self, lock: Path, arch: Arch, exclude: Path, folder: Path) -> None:
        """Unpack the wheels that the hash-locked requirements `lock` name into `folder`,
        without the paths that match a pattern in `exclude`."""

    def compile(self, folder: Path) -> None:
        """Add bytecode beside every Python file below `folder`."""
