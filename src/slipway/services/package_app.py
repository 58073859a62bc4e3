"""Packs our own small programs, hello and the agent, and releases them as models are released."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from slipway.domain.errors import BuildFailed
from slipway.domain.image import Digest, ImageIndex
from slipway.domain.names import Arch, Channel, ModelName, ModelVersion
from slipway.domain.pod import AGENT_SLOT
from slipway.ports.clock import Clock
from slipway.ports.image_builder import BuildRequest, BuiltImage
from slipway.services.each_arch import each_arch
from slipway.services.image_context import Workshop, inputs_digest, scratch
from slipway.services.progress import Progress, silent
from slipway.services.release_images import Packaged, Releaser, labels_of
from slipway.services.shared_images import AGENT_RUNTIME, BASE, SharedImages

HELLO = ModelName("hello")
AGENT = ModelName(AGENT_SLOT)
_INPUTS_KEY = "dev.slipway.inputs"  # annotation: a digest over all that a release is made of
_MAJOR = 1


@dataclass(frozen=True)
class _App:
    """One of our own programs."""

    name: ModelName
    recipe: str  # its folder of the Containerfile
    package: str
    base: str  # the repository of the image that it is put on
    trial: tuple[str, ...]  # what is run in every arch's image before a release


_HELLO = _App(HELLO, "hello", "slipway_hello", BASE, ("slipway_hello", "--help"))
_AGENT = _App(AGENT, "agent", "slipway_agent", AGENT_RUNTIME, ("slipway_agent.selftest",))


class AppPackager:
    """Packages one Python package on a shared image."""

    def __init__(self, workshop: Workshop, clock: Clock) -> None:
        self._shop = workshop
        self._shared = SharedImages(workshop)
        self._releaser = Releaser(workshop)
        self._clock = clock

    def hello(self, progress: Progress = silent) -> Packaged:
        """Release hello on `latest`, as a new version even when nothing changed: to see a
        delivery is what it is for."""
        return self._release(_HELLO, self._shared.base, (Channel.LATEST,), progress)

    def agent(self, channels: Sequence[Channel] = (), progress: Progress = silent) -> Packaged:
        """Release the agent in `channels`; without any, on `latest` and in every channel that
        has none yet. A version that was made of the same is released again instead of a new
        one, so that devices do not restart their agent for nothing."""
        moved = tuple(channels) or tuple(
            channel
            for channel in Channel
            if channel is Channel.LATEST or not self._tagged(AGENT, channel)
        )
        return self._release(_AGENT, self._shared.agent, moved, progress, again=True)

    def _tagged(self, name: ModelName, tag: str) -> Digest | None:
        return self._shop.registry.resolve(name.repository, tag)

    def _release(
        self,
        app: _App,
        base: Callable[[Arch, Progress], Digest],
        channels: Sequence[Channel],
        progress: Progress,
        *,
        again: bool = False,
    ) -> Packaged:
        package = self._shop.sources.package(app.package)
        file = self._shop.sources.containers / app.recipe / "Containerfile"
        bases = each_arch(lambda arch: base(arch, progress), self._shop.archs)
        inputs = inputs_digest([file, package], *(f"{arch} {bases[arch]}" for arch in bases))
        version = ModelVersion(app.name, _MAJOR, self._clock.now())
        earlier = self._releaser.versions(version)
        if earlier:
            last = earlier[-1]
            index = self._index(last)
            if again and index and index.annotations.get(_INPUTS_KEY) == inputs:
                return self._releaser.retag(last, index, channels, progress)
            version = ModelVersion(app.name, _MAJOR, max(version.timestamp, last.timestamp + 1))
        with scratch() as context:
            self._shop.add_app([package], context / "app")
            labels = labels_of(version)

            def request(arch: Arch) -> BuildRequest:
                args = {"BASE": self._shop.reference(app.base, bases[arch])}
                return BuildRequest(file, context, arch, args, labels, labels, version.timestamp)

            return self._releaser.release(
                version,
                request,
                lambda image: self._try(app, image),
                channels=channels,
                progress=progress,
                annotations={_INPUTS_KEY: inputs},
            )

    def _index(self, version: ModelVersion) -> ImageIndex | None:
        digest = self._tagged(version.name, str(version))
        return self._shop.registry.index(version.name.repository, digest) if digest else None

    def _try(self, app: _App, image: BuiltImage) -> str:
        outcome = self._shop.builder.run(image, ("python3", "-m", *app.trial))
        if outcome.exit_code != 0:
            raise BuildFailed(
                f"{app.package} does not start in the {image.arch} image, exit status"
                f" {outcome.exit_code}\n{outcome.errors.strip()[-2000:]}"
            )
        return "starts"
