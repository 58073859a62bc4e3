"""A deploy bucket that is a folder: `file:///…`."""

import os
import stat
from pathlib import Path
from typing import NamedTuple

from slipway_agent.errors import Denied, NotFound, Refused, Unavailable


class _Signature(NamedTuple):
    """Tells whether a file is still the one that was read."""

    inode: int
    modified: int  # nanoseconds
    changed: int  # nanoseconds: a file written in place keeps its inode, and maybe its size
    size: int  # bytes


class FolderSource:
    """Asks with stat alone whether a file changed: an idle poll reads nothing."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._seen: dict[str, _Signature] = {}

    @property
    def url(self) -> str:
        """`file://` and the path."""
        return f"file://{self._root}"

    def read(self, path: str, limit: int) -> bytes:
        """The bytes of one file."""
        return self._read(path, limit)[0]

    def changed(self, path: str, limit: int) -> bytes | None:
        """The bytes of one file, or None if it is as it was at the last call."""
        try:
            if path in self._seen and _signature((self._root / path).stat()) == self._seen[path]:
                return None
        except OSError:
            pass  # reading it says what is wrong
        data, self._seen[path] = self._read(path, limit)
        return data

    def close(self) -> None:
        """Nothing is kept open."""

    def _read(self, path: str, limit: int) -> tuple[bytes, _Signature]:
        where = f"{self.url}/{path}"
        try:
            # A pipe, in a folder that others write to, would keep a reader waiting.
            descriptor = os.open(self._root / path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            with open(descriptor, "rb") as file:  # noqa: PTH123  a descriptor
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode):
                    raise Refused(f"{where} is not a regular file")
                data = file.read(limit + 1)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise NotFound(f"{where} does not exist") from error
        except PermissionError as error:
            raise Denied(f"{where} is not readable for this user") from error
        except OSError as error:
            raise Unavailable(f"{where} cannot be read: {error.strerror}") from error
        if len(data) > limit:
            raise Refused(f"{where} has more than {limit} bytes")
        return data, _signature(status)


def _signature(status: os.stat_result) -> _Signature:
    return _Signature(status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size)
