"""The images that are no release: the base, on it what serving and the agent run with, and that of
the pipelines.

Each is known in the registry by a tag `ARCH-INPUTS` where INPUTS is a digest over all that it is
made of: so it is made again when, and only when, something of that changes.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from slipway.domain.image import Digest
from slipway.domain.names import Arch
from slipway.ports.image_builder import BuildRequest
from slipway.services.image_context import Workshop, inputs_digest, plain_folders, scratch
from slipway.services.progress import Progress, stage

BASE = "slipway-base"
SERVING = "slipway-serving"
AGENT_RUNTIME = "slipway-agent-runtime"
PIPELINE = "slipway-pipeline"
_PARTS = "1"  # raised when the code that makes the parts changes what it makes
_TASKS = ("slipway", "slipway_components", "slipway_features")
_APP = ("slipway_serving", "slipway_features")


class SharedImages:
    """Finds shared images in the registry, and makes those that are not there."""

    def __init__(self, workshop: Workshop) -> None:
        self._shop = workshop

    def base(self, arch: Arch, progress: Progress) -> Digest:
        """The base image of an arch in the registry."""
        recipe = self._shop.sources.containers / "base"
        tag = _tag(arch, inputs_digest([recipe], arch, _PARTS))
        if found := self._shop.registry.resolve(BASE, tag):
            return found
        with stage(progress, "base", arch), self._context(recipe, arch) as context:
            return self._make(BASE, tag, BuildRequest(recipe / "Containerfile", context, arch))

    def pipeline(self, progress: Progress) -> Digest:
        """The image that pipeline tasks run in on a cluster; x86_64 alone, and large."""
        arch = Arch.X86_64
        recipe = self._shop.sources.containers / "pipeline"
        app = [self._shop.sources.package(name) for name in _TASKS]
        tag = _tag(arch, inputs_digest([recipe, *app], _PARTS))
        if found := self._shop.registry.resolve(PIPELINE, tag):
            return found
        with stage(progress, "pipeline", arch), self._context(recipe, arch) as context:
            lock, exclude = recipe / "requirements.lock", recipe / "exclude-wheels.txt"
            self._shop.parts.unpack_wheels(lock, arch, exclude, context / "runtime")
            plain_folders(context / "runtime")
            self._shop.add_app(app, context / "app")
            return self._make(PIPELINE, tag, BuildRequest(recipe / "Containerfile", context, arch))

    def serving(self, arch: Arch, progress: Progress) -> Digest:
        """The serving runtime of an arch in the registry, without a model."""
        folder = self._shop.sources.containers / "serving"
        lock = folder / f"requirements-{arch}.lock"
        app = [self._shop.sources.package(name) for name in _APP]
        return self._runtime(
            SERVING, arch, progress, containerfile=folder / "Containerfile", lock=lock, app=app
        )

    def agent(self, arch: Arch, progress: Progress) -> Digest:
        """What the agent of an arch runs with in the registry, without the agent."""
        folder = self._shop.sources.containers / "agent"
        lock = self._shop.sources.package("slipway_agent") / "requirements.lock"
        return self._runtime(
            AGENT_RUNTIME, arch, progress, containerfile=folder / "runtime.Containerfile", lock=lock
        )

    def _runtime(
        self,
        repository: str,
        arch: Arch,
        progress: Progress,
        *,
        containerfile: Path,
        lock: Path,
        app: Sequence[Path] = (),
    ) -> Digest:
        """The base with the wheels of `lock` and, where it has one, the app."""
        base = self.base(arch, progress)
        exclude = containerfile.parent / "exclude-wheels.txt"
        inputs = inputs_digest([containerfile, lock, exclude, *app], str(base), _PARTS)
        tag = _tag(arch, inputs)
        if found := self._shop.registry.resolve(repository, tag):
            return found
        with stage(progress, "runtime", arch), scratch() as context:
            self._shop.parts.unpack_wheels(lock, arch, exclude, context / "runtime")
            self._shop.parts.compile(context / "runtime")
            plain_folders(context / "runtime")
            if app:
                self._shop.add_app(app, context / "app")
            args = {"BASE": self._shop.reference(BASE, base)}
            return self._make(repository, tag, BuildRequest(containerfile, context, arch, args))

    @contextmanager
    def _context(self, recipe: Path, arch: Arch) -> Iterator[Path]:
        """A folder with the recipe's root file system in it, which is made when it is not in the
        cache."""
        key = inputs_digest([recipe / "packages.txt", recipe / "exclude.txt", recipe / "files"])
        archive = self._shop.cache / f"rootfs-{_tag(arch, key)}-{_PARTS}.tar"
        self._shop.cache.mkdir(parents=True, exist_ok=True)
        if not archive.exists():
            self._shop.parts.root_file_system(recipe, arch, archive)
        with scratch(self._shop.cache) as context:
            (context / "rootfs.tar").hardlink_to(archive)
            yield context

    def _make(self, repository: str, tag: str, request: BuildRequest) -> Digest:
        labels = {"org.opencontainers.image.title": repository}
        image = self._shop.builder.build(replace(request, labels=labels, annotations=labels))
        digest = self._shop.builder.push(image, repository)
        self._shop.registry.tag(repository, digest, tag)
        return digest


def _tag(arch: Arch, inputs: str) -> str:
    return f"{arch}-{inputs[:16]}"
