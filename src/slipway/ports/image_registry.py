"""Port: an OCI registry."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from slipway.domain.image import Digest, ImageIndex
from slipway.domain.names import Arch


class ImageRegistry(Protocol):
    """Tags and indexes of repositories; the layers are the builder's and the devices' business.

    Every method raises Unavailable when the registry is down or slow, Denied when it refuses the
    credentials. Repository names are without the registry's address and prefix.
    """

    @property
    def address(self) -> str:
        """`HOST[:PORT][/PREFIX]`: an image is `ADDRESS/REPOSITORY@DIGEST`."""

    def repositories(self) -> Sequence[str]:
        """All repositories, sorted, below the prefix."""

    def tags(self, repository: str) -> Sequence[str]:
        """All tags, sorted; empty when there is no such repository."""

    def resolve(self, repository: str, tag: str) -> Digest | None:
        """The digest a tag points at, None where there is no such tag."""

    def index(self, repository: str, digest: Digest) -> ImageIndex:
        """Read an index; NotFound; InvalidReference when it is no index of images per arch."""

    def size(self, repository: str, digest: Digest) -> int:
        """The bytes that a device without any of them pulls for one image; NotFound;
        InvalidReference when it is no single image."""

    def push_index(
        self, repository: str, images: Mapping[Arch, Digest], annotations: Mapping[str, str]
    ) -> Digest:
        """Store an index of images that are in the repository already; the same input, the same
        digest. No tag is set."""

    def tag(self, repository: str, digest: Digest, tag: str) -> None:
        """Point a tag at an index or image that is in the repository; NotFound."""
