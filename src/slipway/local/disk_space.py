"""How full the file system is that a folder lies on."""

import shutil
from pathlib import Path
from typing import NamedTuple


class Space(NamedTuple):
    """Bytes of a file system."""

    free: int
    total: int


def space(folder: Path) -> Space:
    """Where `folder` is, or would be made."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    usage = shutil.disk_usage(there)
    return Space(usage.free, usage.total)
