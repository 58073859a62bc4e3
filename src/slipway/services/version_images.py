"""The images of one model version, as the registry has them."""

from collections.abc import Mapping
from dataclasses import dataclass

from slipway.domain.image import Digest
from slipway.domain.names import Arch, ModelVersion
from slipway.ports.image_registry import ImageRegistry


@dataclass(frozen=True)
class Image:
    """One arch's image."""

    digest: Digest
    size: int  # bytes that a device without any of it pulls


@dataclass(frozen=True)
class VersionImages:
    """What the tag of a version points at."""

    repository: str  # HOST/NAME
    index: Digest
    images: Mapping[Arch, Image]


def version_images(registry: ImageRegistry, version: ModelVersion) -> VersionImages | None:
    """The images of a version, None when it was not packaged; InvalidReference when its tag points
    at something else, errors of the registry."""
    repository = version.name.repository
    digest = registry.resolve(repository, str(version))
    if digest is None:
        return None
    images = registry.index(repository, digest).images
    return VersionImages(
        f"{registry.address}/{repository}",
        digest,
        {arch: Image(image, registry.size(repository, image)) for arch, image in images.items()},
    )
