"""The files that records are kept in until the device's agent has sent them.

Records are lines. A segment that is being written is `current-XXXXXXXX.jsonl`, locked (flock) for
as long as its writer lives; complete ones are `NANOSECONDS-XXXXXXXX.jsonl`, never change, and are
the agent's to send and delete, lowest name first. What a writer left that was killed, another one
completes; its last line may be cut off. Over the cap the oldest segments go. `dropped`, locked
while it is changed, holds the number of records that went so or were lost otherwise.
"""

import fcntl
import os
import time
from contextlib import suppress
from errno import EACCES, ENOSPC
from pathlib import Path
from typing import Final

SEGMENT: Final = 64 * 1024  # bytes
_CURRENT: Final = "current-"
_SUFFIX: Final = ".jsonl"


class Segments:
    """One writer's segments in a folder that others write as well. Everything may raise OSError,
    and nothing but the records at hand is lost then."""

    def __init__(self, folder: Path, cap: int, age: float) -> None:
        """`cap`: bytes of all segments; `age`: seconds after which one is complete."""
        self._folder = folder
        self._cap = cap
        self._age = age
        self._current = folder
        self._descriptor = -1
        self._size = 0
        self._due = 0.0

    @property
    def left(self) -> float | None:
        """Seconds until the segment under way is complete by its age; None if there is none."""
        return max(0.0, self._due - time.monotonic()) if self._descriptor >= 0 else None

    def adopt(self) -> None:
        """Complete what writers that are no more have left."""
        if not os.access(self._folder, os.W_OK):
            raise PermissionError(EACCES, os.strerror(EACCES))
        for path in self._folder.glob(f"{_CURRENT}*{_SUFFIX}"):
            with suppress(FileNotFoundError):  # its writer has just completed it
                descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    path.rename(_complete_name(path, os.fstat(descriptor).st_mtime_ns))
                except BlockingIOError:  # its writer lives
                    continue
                finally:
                    os.close(descriptor)

    def append(self, line: bytes) -> None:
        """Keep a line; completes the segment when that fills it."""
        if self._descriptor < 0:
            self._open()
        written = os.write(self._descriptor, line)
        if written < len(line):
            os.ftruncate(self._descriptor, self._size)
            raise OSError(ENOSPC, os.strerror(ENOSPC))
        self._size += written
        if self._size >= SEGMENT:
            self.complete()

    def complete(self) -> None:
        """Hand the segment under way, if there is one, to the agent."""
        if self._descriptor < 0:
            return
        try:
            self._current.rename(_complete_name(self._current, time.time_ns()))
        finally:
            os.close(self._descriptor)
            self._descriptor = -1

    def count_dropped(self, records: int) -> None:
        """Add to the number of records that were lost."""
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(self._folder / "dropped", flags, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            before = os.pread(descriptor, 20, 0).strip()
            total = records + (int(before) if before.isdigit() else 0)
            os.pwrite(descriptor, b"%d\n" % total, 0)
        finally:
            os.close(descriptor)

    def _open(self) -> None:
        """Begin a segment; it has its lock before it has its name."""
        self.adopt()
        self._make_room()
        current = self._folder / f"{_CURRENT}{os.urandom(4).hex()}{_SUFFIX}"
        hidden = self._folder / f".{current.name}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(hidden, flags, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            hidden.rename(current)
        except OSError:
            os.close(descriptor)
            raise
        self._current, self._descriptor, self._size = current, descriptor, 0
        self._due = time.monotonic() + self._age

    def _make_room(self) -> None:
        """Drop the oldest complete segments until there is room for another one."""
        complete: list[tuple[str, int]] = []
        room = self._cap - SEGMENT
        with os.scandir(self._folder) as entries:
            for entry in entries:
                if entry.name.endswith(_SUFFIX):
                    with suppress(FileNotFoundError):
                        size = entry.stat(follow_symlinks=False).st_size
                        room -= size
                        if not entry.name.startswith((_CURRENT, ".")):
                            complete.append((entry.name, size))
        for name, size in sorted(complete):
            if room >= 0:
                return
            with suppress(FileNotFoundError):  # the agent has sent it
                records = (self._folder / name).read_bytes().count(b"\n")
                (self._folder / name).unlink()
                self.count_dropped(records)
            room += size


def _complete_name(current: Path, nanoseconds: int) -> Path:
    return current.with_name(f"{nanoseconds:019d}-{current.name.removeprefix(_CURRENT)}")
