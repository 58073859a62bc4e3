"""An image builder in memory, which pushes to the registry fake."""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from slipway.domain.errors import BuildFailed
from slipway.domain.image import Digest
from slipway.ports.image_builder import BuildRequest, BuiltImage, Mount, Outcome
from tests.fakes.image_registry import FakeImageRegistry

Answer = Callable[[BuiltImage, Sequence[str]], Outcome]


class FakeImageBuilder:
    """ImageBuilder in memory: an image is the digest over what it was built from.

    `answer` is what containers do; `built` and `pushed` tell what was asked for, in order.
    """

    def __init__(self, registry: FakeImageRegistry) -> None:
        self._registry = registry
        self._images: dict[str, BuildRequest] = {}
        self.answer: Answer = lambda image, command: Outcome(0, "", "")
        self.built: list[BuildRequest] = []
        self.pushed: list[str] = []

    def build(self, request: BuildRequest) -> BuiltImage:
        if not request.containerfile.is_file():
            raise BuildFailed(f"there is no {request.containerfile}")
        recipe = request.containerfile.read_text()
        for names in re.findall(r"^(?:COPY|ADD) (.*) \S+$", recipe, re.MULTILINE):
            for name in names.split():
                if not (request.context / name).exists():
                    raise BuildFailed(f"{name} is not in the context")
        files = sorted(p for p in request.context.rglob("*") if p.is_file())
        content = [(str(p.relative_to(request.context)), p.read_bytes()) for p in files]
        shown = replace(request, context=Path(), containerfile=Path(recipe))
        identity = hashlib.sha256(repr((shown, content)).encode()).hexdigest()
        self._images[identity] = request
        self.built.append(request)
        return BuiltImage(identity, request.arch)

    def run(
        self, image: BuiltImage, command: Sequence[str], mounts: Sequence[Mount] = ()
    ) -> Outcome:
        self._find(image)
        return self.answer(image, command)

    def push(self, image: BuiltImage, repository: str) -> Digest:
        self._find(image)
        self._registry.tags(repository)  # raises when the registry is down
        self.pushed.append(repository)
        return self._registry.add_image(repository, image.arch, image.id)

    def remove(self, image: BuiltImage) -> None:
        self._images.pop(image.id, None)

    @property
    def kept(self) -> list[BuildRequest]:
        """What is in the builder's store."""
        return list(self._images.values())

    def _find(self, image: BuiltImage) -> None:
        if image.id not in self._images:
            raise BuildFailed(f"there is no image {image.id}")
