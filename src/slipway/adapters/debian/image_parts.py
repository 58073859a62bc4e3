"""ImageParts over Debian's archive and the index of Python packages that pip is set up for."""

import shutil
import sys
from pathlib import Path

from slipway.adapters.debian import bytecode
from slipway.adapters.debian.root_file_system import write_root_file_system
from slipway.adapters.debian.wheels import unpack_wheels
from slipway.adapters.processes import run
from slipway.domain.errors import MissingTool
from slipway.domain.names import Arch
from slipway.domain.system_errors import os_errors

_PYTHON = (3, 11)  # of the base file system


class DebianImageParts:
    """Base file systems by mmdebstrap, wheels by pip, bytecode by this machine's Python 3.11."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache

    def root_file_system(self, recipe: Path, arch: Arch, path: Path) -> None:
        """See ImageParts."""
        with os_errors(str(path)):
            write_root_file_system(recipe, arch, path, self.compile)

    def unpack_wheels(self, lock: Path, arch: Arch, exclude: Path, folder: Path) -> None:
        """See ImageParts."""
        with os_errors(str(folder)):
            unpack_wheels(lock, arch, exclude, folder, self._cache / "wheels")

    def compile(self, folder: Path) -> None:
        """See ImageParts."""
        version = f"python{_PYTHON[0]}.{_PYTHON[1]}"
        python = sys.executable if sys.version_info[:2] == _PYTHON else shutil.which(version)
        if not python:
            raise MissingTool(
                f"{version} is not installed; the images' bytecode is made with it",
                hint=f"Install the Debian package {version}",
            )
        run([python, "-I", "-S", bytecode.__file__, str(folder)], package=version, what="bytecode")
