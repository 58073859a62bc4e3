"""Builds images with buildah: no daemon, and a store of its own below the state folder.

Same inputs, same digest: file and image times come from the request, the history is left out
since it names the registry, and so are the annotations that buildah adds about the base.
"""

import re
import shutil
import tempfile
import uuid
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from slipway.adapters import emulation
from slipway.adapters.buildah_store import BUILDAH, BUILT, BuildahStore
from slipway.adapters.oci_layout import push_layout, settle, verify_tls
from slipway.adapters.processes import failure, finish, run
from slipway.domain.errors import BuildFailed, MissingTool
from slipway.domain.image import Digest
from slipway.domain.system_errors import os_errors
from slipway.ports.image_builder import (
    RUN_SECONDS,
    BuildRequest,
    BuiltImage,
    Mount,
    Outcome,
)

# A process 1 that crashes cannot end itself and would stay for ever, so there is another one: this
# machine's own, statically linked, which the kernel runs in a foreign arch's container as well.
_INIT = "/run/init"
_ENGINE_ERROR = 125  # of buildah and runc themselves, not of the command


class BuildahImageBuilder:
    """ImageBuilder over buildah and skopeo."""

    def __init__(self, folder: Path, address: str, authfile: Path) -> None:
        """Keep images in `folder`; `authfile` is the docker configuration, if there is one."""
        self._store = BuildahStore(folder)
        self._address = address
        self._authfile = authfile

    def build(self, request: BuildRequest) -> BuiltImage:
        """See ImageBuilder."""
        self._prepare()
        platform = request.arch.platform
        # Two processes may build one image: each knows it by a name of its own, and the image
        # stays as long as there is one.
        own = f"{BUILT}:{uuid.uuid4().hex}"
        self._buildah(
            "build", "--quiet", f"--layers={_layers(request)}", "--force-rm", f"--tag={own}",
            "--format=oci", "--omit-history",
            "--identity-label=false", "--network=none", "--pull=false",
            f"--signature-policy={self._store.policy}",
            f"--tls-verify={verify_tls(self._address)}", *self._credentials(),
            f"--timestamp={request.created}",
            f"--os={platform.os}", f"--arch={platform.architecture}",
            f"--variant={platform.variant}",
            *(f"--build-arg={k}={v}" for k, v in sorted(request.args.items())),
            *(f"--label={k}={v}" for k, v in sorted(request.labels.items())),
            *(f"--annotation={k}={v}" for k, v in sorted(request.annotations.items())),
            f"--file={request.containerfile}", str(request.context),
            what=f"image for {request.arch} from {request.containerfile}",
        )  # fmt: skip
        return BuiltImage(own, request.arch)

    def run(
        self, image: BuiltImage, command: Sequence[str], mounts: Sequence[Mount] = ()
    ) -> Outcome:
        """See ImageBuilder."""
        emulation.enable(image.arch)
        init = _tool("catatonit")
        self._prepare()
        platform = image.arch.platform
        container = self._buildah(
            "from", "--pull-never", f"--signature-policy={self._store.policy}",
            f"--arch={platform.architecture}", f"--variant={platform.variant}", image.id,
            what=f"container for {image.arch}",
        ).strip()  # fmt: skip
        with (
            self._system_errors(),
            tempfile.NamedTemporaryFile("w", dir=self._store.scratch) as cpus,
        ):
            cpus.write(emulation.processors(image.arch))
            cpus.flush()
            Path(cpus.name).chmod(0o644)
            seen = [
                *mounts,
                Mount(init, _INIT),
                *([Mount(Path(cpus.name), "/proc/cpuinfo")] if cpus.tell() else []),
            ]
            try:
                done = finish(
                    [
                        *BUILDAH, "run", "--isolation=oci", "--network=none",
                        *(f"--volume={mount.source}:{mount.target}:ro" for mount in seen),
                        container, "--", _INIT, "--", *command,
                    ],
                    package="buildah", what=f"container for {image.arch}",
                    environment=self._store.environment, seconds=RUN_SECONDS,
                )  # fmt: skip
            finally:
                self._buildah("rm", container, what=f"container for {image.arch}")
        if done.exit_code == _ENGINE_ERROR:
            raise BuildFailed(f"container for {image.arch} was not started\n{done.errors.strip()}")
        return done

    def push(self, image: BuiltImage, repository: str) -> Digest:
        """See ImageBuilder.

        A push by digest alone needs to know the digest first, so the image is exported to a
        layout and copied from there.
        """
        self._prepare()
        target = f"{self._address}/{repository}"
        with self._system_errors(), tempfile.TemporaryDirectory(dir=self._store.scratch) as name:
            layout = Path(name) / "layout"
            self._buildah(
                "push", "--quiet", f"--signature-policy={self._store.policy}",
                "--format=oci", "--compression-format=gzip", "--compression-level=6",
                image.id, f"oci:{layout}",
                what=f"image for {image.arch} of {repository}",
            )  # fmt: skip
            digest = settle(layout)
            push_layout(layout, digest, target, self._authfile)
        return digest

    def remove(self, image: BuiltImage) -> None:
        """See ImageBuilder."""
        self._prepare()
        done = finish(
            [*BUILDAH, "rmi", image.id],
            package="buildah",
            what="image store",
            environment=self._store.environment,
        )
        if done.exit_code != 0 and "image not known" not in done.errors:
            raise failure(f"image {image.id} was not removed", done.errors)

    def _buildah(self, *arguments: str, what: str) -> str:
        return run(
            [*BUILDAH, *arguments],
            package="buildah",
            what=what,
            environment=self._store.environment,
        )

    def _system_errors(self) -> AbstractContextManager[None]:
        return os_errors(str(self._store.scratch))

    def _credentials(self) -> tuple[str, ...]:
        return (f"--authfile={self._authfile}",) if self._authfile.is_file() else ()

    def _prepare(self) -> None:
        _tool("buildah")
        self._store.prepare()


def _layers(request: BuildRequest) -> str:
    """Whether each instruction gets a layer of its own. That leaves images of the steps in the
    store, so it is asked for only where there is more than one step with files."""
    try:
        recipe = request.containerfile.read_text()
    except OSError as error:
        raise BuildFailed(f"{request.containerfile} cannot be read: {error.strerror}") from error
    return "true" if len(re.findall(r"^(?:COPY|ADD)\s", recipe, re.MULTILINE)) > 1 else "false"


def _tool(name: str) -> Path:
    """Where a program is; MissingTool."""
    found = shutil.which(name)
    if found is None:
        raise MissingTool(
            f"{name} is not installed; images are built and tried with it",
            hint=f"Install the Debian package {name}, or set builder.engine to docker",
        )
    return Path(found)
