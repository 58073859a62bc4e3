"""Output folders that appear complete or not at all."""

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from slipway.domain.errors import AlreadyExists, Conflict
from slipway.domain.system_errors import system_error


@contextmanager
def appearing(output: Path) -> Iterator[Path]:
    """Give a folder to fill; it becomes `output` when the block ends well, else it is removed.

    It lies beside `output` as `.NAME.partial`, so that the last step is a rename. What a killed
    process left there is swept away by the next one. Raises AlreadyExists when `output` holds
    something, Conflict when another process is filling it, DiskFull, Denied.
    """
    if output.is_file() or (output.is_dir() and any(output.iterdir())):
        raise AlreadyExists(f"{output} exists already", hint="Name another folder or remove it")
    partial = output.parent / f".{output.name}.partial"
    with wrapped(output):
        output.parent.mkdir(parents=True, exist_ok=True)
        with _only_writer(partial):
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            try:
                yield partial
                partial.rename(output)
            finally:
                shutil.rmtree(partial, ignore_errors=True)


@contextmanager
def wrapped(path: Path) -> Iterator[None]:
    """Turn what the file system may answer to a write below `path` into Slipway's errors."""
    try:
        yield
    except OSError as error:
        where = str(error.filename or path)
        if ".partial" in where or error.errno in (errno.ENOSPC, errno.EDQUOT):
            where = str(path)  # an error for want of space may name what was read
        raise system_error(error, where) from error


@contextmanager
def _only_writer(partial: Path) -> Iterator[None]:
    lock = partial.with_name(f"{partial.name}.lock")
    with lock.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(
                f"another process is writing {partial}", hint="Wait for it, or name another folder"
            ) from None
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file of which a reader sees all or nothing; raises DiskFull, Denied."""
    partial = path.with_name(f".{path.name}.partial")
    with wrapped(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with partial.open("wb") as handle:
                handle.write(data)
                handle.flush()
                os.fsync(handle.fileno())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
