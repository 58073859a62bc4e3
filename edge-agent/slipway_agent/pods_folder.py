"""The kubelet's static-pod folder: every file there is complete at every instant.

The kubelet reads each name that does not begin with a dot, at once, and drops the pod of a file
that it cannot parse. So a file is first made under a name with a dot and comes into view by a
rename. What is new comes before anything goes: a process that is killed between any two calls
leaves the old set, both, or the new one, and the next step ends what it began.
"""

import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from slipway_agent.disk import Disk, replace_file
from slipway_agent.manifest import LARGEST_MANIFEST


class PodsFolder:
    """One static-pod folder. Its methods raise OSError and then leave what is visible complete."""

    def __init__(self, path: Path, disk: Disk) -> None:
        self.path = path
        self._disk = disk

    def visible(self) -> dict[str, bytes | None]:
        """What the kubelet may read, by name, the oldest first; folders are not its business.

        None for what is no regular file, or one that only another user may read: neither is known
        to be what it should be.
        """
        found: dict[str, tuple[int, bytes | None]] = {}
        for path in sorted(self.path.iterdir()):
            if path.name.startswith("."):
                continue
            try:
                status = path.lstat()
                if not stat.S_ISDIR(status.st_mode):
                    data = _read(path) if stat.S_ISREG(status.st_mode) else None
                    found[path.name] = (status.st_mtime_ns, data)
            except FileNotFoundError:  # gone since it was listed
                continue
        return {name: found[name][1] for name in sorted(found, key=lambda name: found[name][0])}

    def apply(
        self, wanted: Mapping[str, bytes], stays: Callable[[str, bytes | None], bool]
    ) -> tuple[list[str], list[str]]:
        """Make the folder hold `wanted`, and of all else what `stays`; what was put and deleted.

        A file leaves the kubelet's sight only after all of `wanted` is in it.
        """
        for path in self.path.glob(".*.new"):  # of a writer that was killed
            self._disk.unlink(path)
        visible = self.visible()
        put = [name for name, data in sorted(wanted.items()) if visible.get(name) != data]
        for name in put:
            replace_file(self._disk, self.path / name, wanted[name])
        gone = [
            name for name, data in visible.items() if name not in wanted and not stays(name, data)
        ]
        for name in gone:
            self._disk.unlink(self.path / name)
        if gone:
            self._disk.sync_folder(self.path)
        return put, gone

    def rename(self, name: str, better: str) -> None:
        """Give a visible file another name, in one instant."""
        self._disk.rename(self.path / name, self.path / better)
        self._disk.sync_folder(self.path)


def _read(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            return file.read(LARGEST_MANIFEST + 1)
    except PermissionError:
        return None
