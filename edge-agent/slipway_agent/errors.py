"""Every error that the agent raises on purpose.

    AgentError
    ├── InvalidOption   an option, or a file of the trust folder, is wrong  exit 2
    ├── NotFound        the bucket does not exist, or not the channel in it exit 3
    ├── Denied          credentials refused, or a local folder not writable exit 4
    ├── Busy            another agent acts on the folder                    exit 5
    ├── Refused         what the bucket holds must not reach the kubelet    exit 6
    ├── Unavailable     the bucket does not answer, or not in time          exit 7
    ├── MissingExtra    a package for this kind of bucket is not installed  exit 8
    ├── DiskFull        no space left                                       exit 9
    ├── Failed          the device's disk failed otherwise                  exit 10
    ├── Untrusted       not what the owner of the bucket has signed         exit 11
    └── Stale           signed, but expired: frozen, or a wrong clock       exit 12

The exit codes are those of the `slipway` command. Whatever is raised, the kubelet's folder stays
as it was; the loop says it once and tries again later.
"""

import errno
from pathlib import Path
from typing import ClassVar

FORGED = "Nothing of it is taken, what runs goes on: who else writes to the bucket?"  # a hint


class AgentError(Exception):
    """The root of the tree; catch this to catch all of them."""

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class InvalidOption(AgentError):
    """An option, its environment variable or a file of the trust folder is not as it must be."""

    code = "invalid-option"
    exit_code = 2


class NotFound(AgentError):
    """The bucket does not exist, or nothing was published for the channel."""

    code = "not-found"
    exit_code = 3


class Denied(AgentError):
    """Credentials are missing or refused, or a local folder is not writable."""

    code = "denied"
    exit_code = 4


class Busy(AgentError):
    """Another agent acts on the folder."""

    code = "busy"
    exit_code = 5


class Refused(AgentError):
    """What the bucket holds must not reach the kubelet."""

    code = "refused"
    exit_code = 6


class Unavailable(AgentError):
    """The bucket does not answer, or not in time; `retry_after`: seconds that it asks for."""

    code = "unavailable"
    exit_code = 7

    def __init__(self, message: str, *, hint: str = "", retry_after: float = 0.0) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class MissingExtra(AgentError):
    """The package for this kind of bucket is not installed."""

    code = "missing-extra"
    exit_code = 8


class DiskFull(AgentError):
    """No space left on the device."""

    code = "disk-full"
    exit_code = 9


class Failed(AgentError):
    """The device's disk failed in a way that has no name of its own here."""

    code = "failed"
    exit_code = 10


class Untrusted(AgentError):
    """What the bucket holds is not what its owner has signed, or is older than what was seen."""

    code = "untrusted"
    exit_code = 11


class Stale(AgentError):
    """What the bucket holds was signed and has expired: it is frozen, or a clock is wrong."""

    code = "stale"
    exit_code = 12


def from_disk(error: OSError, folder: Path) -> AgentError:
    """Say what a failed call on the local `folder` means."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(f"no space left in {folder}", hint="The pods there go on as they are")
    if error.errno in (errno.EACCES, errno.EPERM):
        return Denied(
            f"{folder} is not writable: {error.strerror}",
            hint="The folder must belong to the user that the agent runs as",
        )
    if error.errno == errno.EROFS:
        return Denied(
            f"{folder} is on a read-only file system",
            hint="Mount it writable; a file system that became so by itself has an error",
        )
    return Failed(f"{error.filename or folder}: {error.strerror or error}")
