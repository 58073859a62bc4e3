"""What the operating system refuses, as Slipway's errors."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from slipway.domain.errors import (
    Conflict,
    Denied,
    DiskFull,
    InvalidInput,
    NotFound,
    SlipwayError,
    Unavailable,
)


@contextmanager
def os_errors(what: str) -> Iterator[None]:
    """Raise the system's errors as Slipway's; `what` is the path or URL for the message."""
    try:
        yield
    except OSError as error:
        raise system_error(error, what) from error


def system_error(error: OSError, what: str) -> SlipwayError:
    """What it means that the system refused something with `what`."""
    reason = os.strerror(error.errno) if error.errno else str(error)
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return DiskFull(f"no space left to write {what}", hint="Free some space and try again")
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return Denied(
                f"{what}: {reason}", hint="Check the owner and the permissions of the folder"
            )
        case errno.ENOENT:
            return NotFound(f"{what} does not exist", hint="Check the path")
        case errno.EISDIR | errno.ENOTDIR | errno.EEXIST:
            return Conflict(
                f"{what}: a file is where a folder is needed, or the reverse",
                hint="Move it away, or name another path",
            )
        case errno.ENAMETOOLONG:
            return InvalidInput(
                f"{what}: a name in it is longer than the file system takes",
                hint="Use a shorter name",
            )
        case _:
            return Unavailable(
                f"{what}: {reason}", hint="Try again; the log of the system may help"
            )
