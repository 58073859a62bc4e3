"""A world of fakes with releases in it, for tests of the tag monitor and of promotions."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from slipway.domain.image import VERSION_KEY, Digest
from slipway.domain.names import Arch, Channel, ModelVersion
from slipway.services.channel_history import ChannelHistory
from slipway.services.reconcile_channels import Reconciler, Report
from slipway.services.render_manifests import ManifestRenderer, ManifestSettings
from tests.fakes.audit_log import FakeAuditLog
from tests.fakes.bucket import FakeBucket
from tests.fakes.image_registry import FakeImageRegistry

SETTINGS = ManifestSettings("registry.test:5000", "file:///opt/slipway/bucket")


@dataclass
class TickingClock:
    """Every look is a second later."""

    seconds: int = 1_600_000_000

    def now(self) -> int:
        self.seconds += 1
        return self.seconds


@dataclass
class World:
    """A registry, a deploy bucket and what goes between them."""

    registry: FakeImageRegistry = field(default_factory=FakeImageRegistry)
    bucket: FakeBucket = field(default_factory=FakeBucket)
    clock: TickingClock = field(default_factory=TickingClock)
    audit: FakeAuditLog = field(default_factory=FakeAuditLog)
    templates: Path | None = None
    ports: dict[str, int] = field(default_factory=dict)
    repositories: tuple[str, ...] = ()
    archs: tuple[Arch, ...] = tuple(Arch)

    def package(self, version: str, archs: Iterable[Arch] = Arch) -> ModelVersion:
        """Push a version's images, index and tag, as packaging does, but for `latest`."""
        parsed = ModelVersion.parse(version)
        repository = parsed.name.repository
        images = {arch: self.registry.add_image(repository, arch, version) for arch in archs}
        index = self.registry.push_index(repository, images, {VERSION_KEY: version})
        self.registry.tag(repository, index, version)
        return parsed

    def index(self, version: str) -> Digest:
        digest = self.registry.resolve(ModelVersion.parse(version).name.repository, version)
        assert digest
        return digest

    def move(self, version: str, channel: Channel) -> None:
        """Move a tag as any other tool would."""
        repository = ModelVersion.parse(version).name.repository
        self.registry.tag(repository, self.index(version), channel)

    def reconciler(self) -> Reconciler:
        settings = ManifestSettings(SETTINGS.registry, SETTINGS.bucket_url, ports=self.ports)
        return Reconciler(
            self.registry,
            self.bucket,
            ManifestRenderer(settings, self.templates),
            self.clock,
            repositories=self.repositories,
            archs=self.archs,
        )

    def reconcile(self) -> Report:
        return self.reconciler().reconcile()

    def history(self) -> ChannelHistory:
        return ChannelHistory(self.bucket)

    def manifests(self) -> dict[str, bytes]:
        return {k: v for k, v in self.bucket.contents.items() if k.endswith(".yaml")}
