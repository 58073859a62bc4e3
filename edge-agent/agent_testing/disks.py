"""Disks that fail, or kill the process, at a chosen one of the calls that change them."""

import errno
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

from slipway_agent.disk import Disk


class CountingDisk(Disk):
    """Does `at_step` instead of the call with the number `step` (from 1)."""

    def __init__(self, step: int = 0, at_step: Callable[[], None] | None = None) -> None:
        self.count = 0
        self._step = step
        self._at_step = at_step or die

    def _next(self) -> bool:
        self.count += 1
        if self.count == self._step:
            self._at_step()
        return self.count + 1 == self._step

    def create(self, path: Path) -> int:
        self._next()
        return super().create(path)

    def write(self, descriptor: int, data: bytes) -> int:
        # Where the next call is the chosen one, this one takes half: the next is in mid-file.
        return super().write(descriptor, data[: len(data) // 2] if self._next() else data)

    def sync(self, descriptor: int) -> None:
        self._next()
        super().sync(descriptor)

    def rename(self, source: Path, target: Path) -> None:
        self._next()
        super().rename(source, target)

    def unlink(self, path: Path) -> None:
        self._next()
        super().unlink(path)

    def make_folder(self, path: Path) -> None:
        self._next()
        super().make_folder(path)

    def remove_folder(self, path: Path) -> None:
        self._next()
        super().remove_folder(path)

    def sync_folder(self, path: Path) -> None:
        self._next()
        super().sync_folder(path)


class Killed(BaseException):
    """The process is no more; no Exception, so that nothing takes it for an error."""


class WatchedDisk(CountingDisk):
    """Calls `watch` before every call, that is after the one before; dead once it was killed."""

    def __init__(
        self, watch: Callable[[], None], step: int = 0, at_step: Callable[[], None] | None = None
    ) -> None:
        super().__init__(step, at_step or self._kill)
        self._watch = watch
        self._dead = False

    def _next(self) -> bool:
        if self._dead:
            raise Killed
        self._watch()
        return super()._next()

    def _kill(self) -> None:
        self._dead = True
        raise Killed


def die() -> None:
    """End the process as a power cut ends it."""
    os.kill(os.getpid(), signal.SIGKILL)


def fail_with(number: int) -> Callable[[], None]:
    """Raise the error that the kernel would give."""

    def fail() -> None:
        raise OSError(number, os.strerror(number))

    return fail


def spoiled(how: str, folder: str) -> Callable[[], None]:
    """Make the file system of a folder really full, or read-only, and go on. The kernel refuses the
    latter while a file is written there; then all is as it was."""

    def fill() -> None:
        full = Path(folder, "full")
        full.mkdir()
        with (full / "pages").open("wb", buffering=0) as file:
            file.write(bytes(os.statvfs(folder).f_bfree * os.statvfs(folder).f_bsize))
        for number in range(os.statvfs(folder).f_ffree):
            (full / str(number)).touch()

    def remount() -> None:
        command = ["mount", "-o", "remount,ro", folder]
        subprocess.run(command, check=False, capture_output=True)

    return {"full": fill, "read-only": remount}[how]


ERRORS = (errno.ENOSPC, errno.EIO, errno.EROFS)
