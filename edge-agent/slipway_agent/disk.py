"""The calls that change a disk, one method each.

They stand in a class of their own so that a test can count them, kill the process at any of them
or let any of them fail. Every method raises OSError.
"""

import os
from pathlib import Path


class Disk:
    """The real disk."""

    def create(self, path: Path) -> int:
        """Make an empty file that was not there; its descriptor."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)

    def write(self, descriptor: int, data: bytes) -> int:
        """Append; the number of bytes that were taken."""
        return os.write(descriptor, data)

    def sync(self, descriptor: int) -> None:
        """Wait until the file's bytes would outlive a power cut."""
        os.fsync(descriptor)

    def rename(self, source: Path, target: Path) -> None:
        """Move a file over another one, or to where there was none, in one instant."""
        source.replace(target)

    def unlink(self, path: Path) -> None:
        """Remove a file; nothing happens if it is not there."""
        path.unlink(missing_ok=True)

    def make_folder(self, path: Path) -> None:
        """Make a folder and those above it; nothing happens if it is there."""
        path.mkdir(parents=True, exist_ok=True)

    def remove_folder(self, path: Path) -> None:
        """Remove an empty folder."""
        path.rmdir()

    def sync_folder(self, path: Path) -> None:
        """Wait until the names in a folder would outlive a power cut."""
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def write_file(disk: Disk, path: Path, data: bytes) -> None:
    """Write a new file and wait until its bytes are safe; its name is not yet."""
    descriptor = disk.create(path)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[disk.write(descriptor, bytes(rest)) :]
        disk.sync(descriptor)
    finally:
        os.close(descriptor)


def replace_file(disk: Disk, path: Path, data: bytes) -> None:
    """Create or replace a file so that a reader, and a power cut, leave the old or the new one."""
    temporary = path.with_name(f".{path.name.lstrip('.')}.new")
    disk.unlink(temporary)  # of a writer that was killed
    write_file(disk, temporary, data)
    disk.rename(temporary, path)
    disk.sync_folder(path.parent)
