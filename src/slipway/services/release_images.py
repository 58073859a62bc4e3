"""Brings one version into the registry: an image per arch, an index, and then its tags.

Nothing is tagged before every arch's image was built, tried and pushed, so that a failure in the
middle changes nothing that anybody sees.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from slipway.domain.errors import InvalidName, SlipwayError
from slipway.domain.image import MODEL_KEY, VERSION_KEY, Digest, ImageIndex
from slipway.domain.names import Arch, Channel, ModelVersion
from slipway.ports.image_builder import BuildRequest, BuiltImage
from slipway.services.each_arch import each_arch
from slipway.services.image_context import Workshop
from slipway.services.progress import Progress, stage


@dataclass(frozen=True)
class Packaged:
    """A version in the registry."""

    version: ModelVersion
    repository: str
    digest: Digest  # of the index
    images: Mapping[Arch, Digest]
    channels: tuple[Channel, ...]  # the tags that were moved to it
    trials: Mapping[Arch, str] = field(default_factory=dict)  # what each image's trial said


class Releaser:
    """The tail that all released images share."""

    def __init__(self, workshop: Workshop) -> None:
        self._builder = workshop.builder
        self._registry = workshop.registry
        self._archs = workshop.archs

    def release(
        self,
        version: ModelVersion,
        request: Callable[[Arch], BuildRequest],
        trial: Callable[[BuiltImage], str],
        *,
        channels: Sequence[Channel],
        progress: Progress,
        annotations: Mapping[str, str] | None = None,
    ) -> Packaged:
        """Build, try and push each arch's image, then push the index and move the tags.

        `request` says what to build, `trial` raises when an image is not good enough.
        """
        repository = version.name.repository
        built: dict[Arch, BuiltImage] = {}

        def prepare(arch: Arch) -> str:
            what = request(arch)
            with stage(progress, "build", arch):
                built[arch] = self._builder.build(what)
            with stage(progress, "self-test", arch):
                return trial(built[arch])

        def push(arch: Arch) -> Digest:
            with stage(progress, "push", arch):
                return self._builder.push(built[arch], repository)

        try:
            trials = each_arch(prepare, self._archs)
            images = each_arch(push, self._archs)
        finally:
            for image in built.values():
                with suppress(SlipwayError):  # what is left behind does not spoil the release
                    self._builder.remove(image)
        with stage(progress, "tag"):
            digest = self._registry.push_index(
                repository, images, {**labels_of(version), **(annotations or {})}
            )
            self._registry.tag(repository, digest, str(version))
            for channel in channels:
                self._registry.tag(repository, digest, channel)
        return Packaged(version, repository, digest, images, tuple(channels), trials)

    def retag(
        self,
        version: ModelVersion,
        index: ImageIndex,
        channels: Sequence[Channel],
        progress: Progress,
    ) -> Packaged:
        """Move channels to a version that is in the registry already."""
        repository = version.name.repository
        with stage(progress, "tag"):
            for channel in channels:
                self._registry.tag(repository, index.digest, channel)
        return Packaged(version, repository, index.digest, index.images, tuple(channels))

    def versions(self, version: ModelVersion) -> list[ModelVersion]:
        """The versions of the same name that have a tag already, oldest first."""
        found = []
        for tag in self._registry.tags(version.name.repository):
            try:
                other = ModelVersion.parse(tag)
            except InvalidName:
                continue
            if other.name == version.name:
                found.append(other)
        return sorted(found, key=lambda v: v.timestamp)


def labels_of(version: ModelVersion, commit: str = "") -> dict[str, str]:
    """The labels of a version's images and the annotations of its index; `commit`: of the code
    that it was made with, where that is known."""
    created = datetime.fromtimestamp(version.timestamp, UTC)
    labels = {
        MODEL_KEY: str(version.name),
        VERSION_KEY: str(version),
        "org.opencontainers.image.title": str(version.name),
        "org.opencontainers.image.version": str(version),
        "org.opencontainers.image.created": created.isoformat().replace("+00:00", "Z"),
    }
    if commit:
        labels["org.opencontainers.image.revision"] = commit
    return labels
