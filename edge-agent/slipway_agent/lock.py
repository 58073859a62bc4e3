"""Only one agent acts on a folder: a lock on the folder itself.

Two run for a moment when the agent's pod is replaced, or when somebody starts the service beside
the pod. The lock is taken on the folder's own descriptor: it needs no file, so it holds on a full
and on a read-only disk as well, and the kernel frees it however the process ends.
"""

import fcntl
import os
from pathlib import Path


class FolderLock:
    """An exclusive lock for as long as the process lives, or until `release`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._descriptor = -1

    def acquire(self) -> bool:
        """Take the lock, or see that it is still ours; False if another process has it.

        OSError if the folder cannot be opened. A folder that was made anew is locked anew.
        """
        if self._descriptor >= 0:
            ours, now = os.fstat(self._descriptor), self.folder.stat()
            if (ours.st_dev, ours.st_ino) == (now.st_dev, now.st_ino):
                return True
            self.release()
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
        descriptor = os.open(self.folder, flags)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Let another process have it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1
