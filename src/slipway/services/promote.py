"""A promotion: a channel's tag is moved to a version. All else follows from the tag."""

from collections.abc import Mapping
from dataclasses import dataclass

from slipway.domain.errors import NotFound, Refused
from slipway.domain.image import Digest
from slipway.domain.names import Arch, Channel, ModelName, ModelVersion
from slipway.domain.release import Release
from slipway.ports.image_registry import ImageRegistry
from slipway.services.audit import Trail
from slipway.services.releases import ReleaseReader, known_versions


@dataclass(frozen=True)
class Promotion:
    """A tag that was moved."""

    name: ModelName
    channel: Channel
    before: ModelVersion | None  # None: nothing, or nothing of Slipway's, stood there
    after: ModelVersion
    index: Digest

    @property
    def changed(self) -> bool:
        """Whether another version stands there now."""
        return self.before != self.after

    def note(self, trail: Trail, action: str) -> None:
        """Write it into the audit log."""
        before = str(self.before or "")
        trail.note(action, f"{self.name} {self.channel}", before=before, version=str(self.after))

    def summary(self) -> dict[str, str | None]:
        """The same for machines."""
        return {
            "model": str(self.name),
            "channel": str(self.channel),
            "before": str(self.before) if self.before else None,
            "version": str(self.after),
            "digest": str(self.index),
        }


@dataclass(frozen=True)
class Plan:
    """A tag that would be moved."""

    name: ModelName
    channel: Channel
    before: Release | None
    version: ModelVersion
    index: Digest
    images: Mapping[Arch, Digest]

    @property
    def changes(self) -> bool:
        """Whether something else would stand there then."""
        return self.before is None or self.before.index != self.index

    def done(self) -> Promotion:
        """What it is when the tag has moved."""
        before = self.before.version if self.before else None
        return Promotion(self.name, self.channel, before, self.version, self.index)


def plan_promotion(
    registry: ImageRegistry, name: ModelName, version: ModelVersion, channel: Channel
) -> Plan:
    """What `promote` would do, and raises what it raises."""
    if version.name.repository != name.repository:
        raise Refused(
            f"{version} is a version of {version.name}, not of {name}",
            hint=f"Promote it with: slipway promote {version.name} {version} {channel}",
        )
    repository = name.repository
    index = registry.resolve(repository, str(version))
    if index is None:
        raise NotFound(
            f"there is no version {version} in the registry", hint=known_versions(registry, name)
        )
    reader = ReleaseReader(registry)
    found = reader.version(repository, index)
    if found != version:
        raise Refused(
            f"the tag {version} points at {found or 'something that is no release'}",
            hint="Package the version again, that sets its tag right",
        )
    images = registry.index(repository, index).images
    return Plan(name, channel, reader.release(repository, channel), version, index, images)


def promote(
    registry: ImageRegistry,
    name: ModelName,
    version: ModelVersion,
    channel: Channel,
    *,
    trail: Trail,
) -> Promotion:
    """Point `channel` at `version`. Refused for a version of another model, NotFound for one that
    the registry does not have."""
    plan = plan_promotion(registry, name, version, channel)
    done = plan.done()
    if plan.changes:
        registry.tag(name.repository, plan.index, channel)
        done.note(trail, "channel.promote")
    return done
