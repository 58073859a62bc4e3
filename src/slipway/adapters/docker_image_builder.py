"""Builds images with a Docker engine, by the docker SDK.

A Docker engine pushes tags only, and its images carry the time of the build: so an image is saved,
put into its one form (see `docker_archive`) and copied to the registry by digest with skopeo.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self

from slipway.adapters import emulation
from slipway.adapters.docker_archive import convert
from slipway.adapters.oci_layout import push_layout
from slipway.adapters.processes import failure
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

if TYPE_CHECKING:
    from docker import DockerClient

_SECONDS = 600.0  # for one answer of the engine


class DockerImageBuilder:
    """ImageBuilder over a Docker engine."""

    def __init__(self, client: "DockerClient", address: str, authfile: Path) -> None:
        """`authfile` is the docker configuration, if there is one."""
        self._client = client
        self._address = address
        self._authfile = authfile
        self._requests: dict[str, BuildRequest] = {}

    @classmethod
    def open(cls, address: str, authfile: Path, engine: str = "") -> Self:
        """Connect to `engine`, a URL, or else to what DOCKER_HOST says; MissingTool when the SDK
        is not installed or no engine answers."""
        try:
            import docker
        except ImportError as error:
            raise MissingTool(
                "the Python package docker is not installed",
                hint="Install slipway[docker], or set builder.engine to buildah",
            ) from error
        try:
            if engine:
                client = docker.DockerClient(base_url=engine, timeout=int(_SECONDS))
            else:
                client = docker.from_env(timeout=int(_SECONDS))
            client.ping()
        except (docker.errors.DockerException, OSError) as error:
            raise MissingTool(
                f"no Docker engine answers: {error}",
                hint="Start one, or set DOCKER_HOST, or set builder.engine to buildah",
            ) from error
        return cls(client, address, authfile)

    def build(self, request: BuildRequest) -> BuiltImage:
        """See ImageBuilder."""
        what = f"image for {request.arch} from {request.containerfile}"
        if not request.containerfile.is_file():
            raise BuildFailed(f"{what}: there is no such file")
        with _engine_errors(what):
            image, _ = self._client.images.build(
                path=str(request.context),
                dockerfile=str(request.containerfile.absolute()),
                platform=str(request.arch.platform),
                buildargs=dict(request.args),
                labels=dict(request.labels),
                network_mode="none",
                rm=True,
                forcerm=True,
            )
        built = BuiltImage(str(image.id), request.arch)
        self._requests[built.id] = request
        return built

    def run(
        self, image: BuiltImage, command: Sequence[str], mounts: Sequence[Mount] = ()
    ) -> Outcome:
        """See ImageBuilder."""
        emulation.enable(image.arch)
        with tempfile.NamedTemporaryFile("w") as cpus, _engine_errors(f"{image.arch} container"):
            cpus.write(emulation.processors(image.arch))
            cpus.flush()
            Path(cpus.name).chmod(0o644)
            seen = [*mounts, *([Mount(Path(cpus.name), "/proc/cpuinfo")] if cpus.tell() else [])]
            container = self._client.containers.create(
                image.id,
                entrypoint=list(command[:1]),
                command=list(command[1:]),
                init=True,  # a process 1 that crashes cannot end itself, and would never end
                network_mode="none",
                platform=str(image.arch.platform),
                volumes={str(m.source): {"bind": m.target, "mode": "ro"} for m in seen},
            )
            try:
                container.start()
                code = int(container.wait(timeout=RUN_SECONDS)["StatusCode"])
                output = container.logs(stdout=True, stderr=False)
                errors = container.logs(stdout=False, stderr=True)
            finally:
                container.remove(force=True)
        return Outcome(code, output.decode(errors="replace"), errors.decode(errors="replace"))

    def push(self, image: BuiltImage, repository: str) -> Digest:
        """See ImageBuilder; only what this object has built."""
        if image.id not in self._requests:
            raise BuildFailed(f"there is no image {image.id}")
        request = self._requests[image.id]
        target = f"{self._address}/{repository}"
        with tempfile.TemporaryDirectory() as name, os_errors(name):
            archive, layout = Path(name) / "saved.tar", Path(name) / "layout"
            layout.mkdir()
            with _engine_errors(f"image for {image.arch} of {repository}"), archive.open("wb") as f:
                for chunk in self._client.images.get(image.id).save():
                    f.write(chunk)
            digest = convert(archive, layout, image.arch, request.created, request.annotations)
            archive.unlink()
            push_layout(layout, digest, target, self._authfile)
        return digest

    def remove(self, image: BuiltImage) -> None:
        """See ImageBuilder."""
        import docker

        self._requests.pop(image.id, None)
        with _engine_errors(f"image {image.id}"):
            try:
                self._client.images.remove(image.id, force=True)
            except docker.errors.ImageNotFound:
                return


@contextmanager
def _engine_errors(what: str) -> Iterator[None]:
    """Raise the engine's errors as Slipway's."""
    import docker

    try:
        yield
    except docker.errors.BuildError as error:
        lines = (str(line.get("stream") or line.get("error") or "") for line in error.build_log)
        raise failure(f"{what}: {error.msg}", "".join(lines)) from error
    except docker.errors.APIError as error:
        raise failure(what, str(error.explanation or error)) from error
    except (docker.errors.DockerException, OSError) as error:
        raise failure(what, str(error)) from error
