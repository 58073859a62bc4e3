"""buildah's image store below the state folder: its configuration, and what cut-off builds left.

Everybody who builds holds a lock on the store together with the others. Who finds nobody else at
it first removes what builds that were cut off could not: containers, images, temporary files.
"""

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import threading
import weakref
from collections.abc import Mapping
from pathlib import Path

from slipway.adapters.processes import finish
from slipway.domain.errors import BuildFailed
from slipway.domain.system_errors import os_errors
from slipway.ports.image_builder import Outcome

# In mounts of its own: what a killed buildah has mounted goes with it.
BUILDAH = (*(("unshare", "--mount") if os.geteuid() == 0 else ()), "buildah")
BUILT = "localhost/slipway-build"  # the repository of images that are being made
_POLICY = {"default": [{"type": "insecureAcceptAnything"}]}  # what comes is pinned by digest


class BuildahStore:
    """One folder with images. It may be shared by processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.policy = folder / "policy.json"
        self.scratch = folder / "tmp"  # swept with the rest
        self._configuration = folder / "storage.conf"
        self._preparing = threading.Lock()
        self._ready = False

    @property
    def environment(self) -> Mapping[str, str]:
        """What a tool has to be told to use this store."""
        return {
            "CONTAINERS_STORAGE_CONF": str(self._configuration),
            "TMPDIR": str(self.scratch),
        }

    def prepare(self) -> None:
        """Make the store when it is first used, and sweep it; DiskFull, Denied, BuildFailed."""
        with self._preparing, os_errors(str(self.folder)):
            if not self._ready:
                self.folder.mkdir(parents=True, exist_ok=True)
                lock = (self.folder / "lock").open("wb")
                weakref.finalize(self, lock.close)  # held as long as this object lives
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    self._sweep()
                except BlockingIOError:
                    pass  # somebody else is building
                fcntl.flock(lock, fcntl.LOCK_SH)
                self.scratch.mkdir(exist_ok=True)
                if not self._configuration.exists():
                    self._configure()
                self._ready = True

    def _sweep(self) -> None:
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.scratch.mkdir()
        if not self._configuration.exists():
            return
        self._buildah("rm", "--all")
        names = self._buildah(
            "images", "--filter", f"reference={BUILT}", "--format", "{{.Name}}:{{.Tag}}"
        )
        if names.exit_code == 0 and names.output.strip():
            self._buildah("rmi", *names.output.split())

    def _configure(self) -> None:
        self.policy.write_text(json.dumps(_POLICY))
        for driver in ("overlay", "vfs"):  # overlay does not work on top of every file system
            partial = self.folder / f"storage.{driver}"
            partial.write_text(self._storage(driver))
            tried = self._buildah("info", configuration=partial)
            if tried.exit_code == 0:
                partial.replace(self._configuration)
                return
        raise BuildFailed(
            f"buildah cannot keep images in {self.folder}\n{tried.errors.strip()}",
            hint="Move SLIPWAY_HOME to another file system",
        )

    def _buildah(self, *arguments: str, configuration: Path | None = None) -> Outcome:
        environment = dict(self.environment)
        if configuration:
            environment["CONTAINERS_STORAGE_CONF"] = str(configuration)
        return finish(
            [*BUILDAH, *arguments], package="buildah", what="image store", environment=environment
        )

    def _storage(self, driver: str) -> str:
        # What is mounted is noted here; it has to be forgotten when the machine starts anew.
        volatile = Path("/run") if os.access("/run", os.W_OK) else Path(tempfile.gettempdir())
        key = hashlib.sha256(str(self.folder).encode()).hexdigest()[:12]
        return (
            f'[storage]\ndriver = "{driver}"\n'
            f"graphroot = {json.dumps(str(self.folder / 'store'))}\n"
            f"runroot = {json.dumps(str(volatile / f'slipway-{key}'))}\n"
        )
