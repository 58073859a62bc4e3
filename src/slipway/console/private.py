"""Files that only their owner reads: the users and the key of the cookies."""

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from slipway.domain.errors import Denied
from slipway.domain.system_errors import os_errors


def write_private(path: Path, data: bytes) -> None:
    """Create or replace a file by a rename; raises as `os_errors` does."""
    _write(path, data, lambda made: made.replace(path))


def create_private(path: Path, data: bytes) -> None:
    """Create a file unless another process was faster; raises as `os_errors` does."""

    def link(made: Path) -> None:
        with suppress(FileExistsError):
            path.hardlink_to(made)

    _write(path, data, link)


def read_private(path: Path) -> bytes:
    """What a file holds; Denied when others than its owner can read or write it, else raises as
    `os_errors` does."""
    with os_errors(str(path)):
        if path.stat().st_mode & 0o077:
            raise Denied(f"others than its owner can use {path}", hint=f"chmod 600 {path}")
        return path.read_bytes()


def _write(path: Path, data: bytes, put: Callable[[Path], object]) -> None:
    with os_errors(str(path)):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        try:
            with os.fdopen(os.open(made, flags, 0o600), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file)
            put(made)
        finally:
            made.unlink(missing_ok=True)
