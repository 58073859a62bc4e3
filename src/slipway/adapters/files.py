"""Local files as the adapters need them: replaced atomically."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from slipway.domain.errors import NotFound
from slipway.domain.system_errors import os_errors

PART_PREFIX = ".part-"  # files that are being written


@contextmanager
def part_file(folder: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """A new file with a dot-name in `folder`, open for writing; gone again at the end unless it
    was renamed. Its mode follows the umask, as that of a file made by `open` does."""
    path = folder / f"{PART_PREFIX}{uuid4().hex}"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file, path
    finally:
        with suppress(FileNotFoundError):
            path.unlink()


def settle(file: BinaryIO) -> None:
    """Bring what was written to the disk, so that a rename never shows an empty file."""
    file.flush()
    os.fsync(file.fileno())


def settle_folder(folder: Path) -> None:
    """Bring a rename or a link in `folder` to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Write a file that appears at `path` only when it is complete; raises as `os_errors` does."""
    with os_errors(str(path)):
        if not path.parent.is_dir():
            raise NotFound(f"there is no folder {path.parent}", hint="Make it, or name another")
        with part_file(path.parent) as (file, part):
            yield file
            settle(file)
            part.replace(path)
