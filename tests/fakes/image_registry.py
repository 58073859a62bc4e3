"""An image registry in memory."""

import hashlib
import json
from collections.abc import Mapping, Sequence

from slipway.domain.errors import InvalidReference, NotFound, Unavailable
from slipway.domain.image import Digest, ImageIndex
from slipway.domain.names import Arch


class FakeImageRegistry:
    """ImageRegistry in memory; `down = True` makes every call raise Unavailable, `asked` holds the
    tags that were asked for, there or not, as `REPOSITORY:TAG`, listings as `REPOSITORY`."""

    def __init__(self, address: str = "registry.test:5000") -> None:
        self._address = address
        self._images: dict[tuple[str, Digest], Arch] = {}
        self._indexes: dict[tuple[str, Digest], ImageIndex] = {}
        self._tags: dict[tuple[str, str], Digest] = {}
        self.sizes: dict[Digest, int] = {}
        self.down = False
        self.asked: list[str] = []

    @property
    def address(self) -> str:
        return self._address

    def add_image(self, repository: str, arch: Arch, content: str = "") -> Digest:
        """An untagged image, as a builder pushes one."""
        digest = _digest([repository, arch, content])
        self.sizes[digest] = len(content) + 1
        self._images[repository, digest] = arch
        return digest

    def remove_tag(self, repository: str, tag: str) -> None:
        """What a registry's own page can do."""
        del self._tags[repository, tag]

    def remove_tags(self, repository: str, digest: Digest) -> None:
        """What deleting the manifest does."""
        of = (repository, digest)
        for tag in [tag for (name, tag), at in self._tags.items() if (name, at) == of]:
            self.remove_tag(repository, tag)

    def repositories(self) -> Sequence[str]:
        self._check()
        return sorted({repository for repository, _ in (*self._images, *self._indexes)})

    def tags(self, repository: str) -> Sequence[str]:
        self._check(repository)
        self.asked.append(repository)
        return sorted(tag for name, tag in self._tags if name == repository)

    def resolve(self, repository: str, tag: str) -> Digest | None:
        self._check(repository)
        self.asked.append(f"{repository}:{tag}")
        return self._tags.get((repository, tag))

    def index(self, repository: str, digest: Digest) -> ImageIndex:
        self._check(repository)
        if (repository, digest) in self._images:
            raise InvalidReference(f"{repository}@{digest} is one image, not an index")
        if (repository, digest) not in self._indexes:
            raise NotFound(f"{repository}@{digest} is not in registry {self._address}")
        return self._indexes[repository, digest]

    def size(self, repository: str, digest: Digest) -> int:
        self._check(repository)
        if (repository, digest) in self._indexes:
            raise InvalidReference(f"{repository}@{digest} is not a single image")
        if (repository, digest) not in self._images:
            raise NotFound(f"{repository}@{digest} is not in registry {self._address}")
        return self.sizes[digest]

    def push_index(
        self, repository: str, images: Mapping[Arch, Digest], annotations: Mapping[str, str]
    ) -> Digest:
        self._check(repository)
        if not images:
            raise InvalidReference(f"an index of {repository} needs at least one image")
        for digest in images.values():
            if (repository, digest) in self._indexes:
                raise InvalidReference(f"{repository}@{digest} is an index, not an image")
            if (repository, digest) not in self._images:
                raise NotFound(f"{repository}@{digest} is not in registry {self._address}")
        listing = sorted((arch.value, digest.value) for arch, digest in images.items())
        digest = _digest([listing, sorted(annotations.items())])
        self._indexes[repository, digest] = ImageIndex(digest, dict(images), dict(annotations))
        return digest

    def tag(self, repository: str, digest: Digest, tag: str) -> None:
        self._check(repository)
        if not {(repository, digest)} & (self._images.keys() | self._indexes.keys()):
            raise NotFound(f"{repository}@{digest} is not in registry {self._address}")
        if "/" in tag or not tag:
            raise InvalidReference(f"{tag!r} is not a tag")
        self._tags[repository, tag] = digest

    def _check(self, repository: str = "a") -> None:
        if self.down:
            raise Unavailable(f"registry {self._address} does not answer")
        if repository != repository.lower() or ".." in repository:
            raise InvalidReference(f"{repository!r} is not an image repository")


def _digest(document: object) -> Digest:
    return Digest(f"sha256:{hashlib.sha256(json.dumps(document).encode()).hexdigest()}")
