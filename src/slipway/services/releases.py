"""Reads what stands in the channels out of the image registry."""

from collections.abc import Sequence

from slipway.domain.errors import InvalidName, InvalidReference, InvalidSetting, SlipwayError
from slipway.domain.image import VERSION_KEY, Digest, ImageIndex
from slipway.domain.names import Channel, ModelName, ModelVersion
from slipway.domain.release import Foreign, Release
from slipway.ports.image_registry import ImageRegistry

_REMEMBERED = 4096  # indexes
_SHOWN = 5  # versions named in a message


class ReleaseReader:
    """Reads releases; remembers indexes, which their digests keep from ever changing."""

    def __init__(self, registry: ImageRegistry) -> None:
        self._registry = registry
        self._indexes: dict[tuple[str, Digest], ImageIndex | None] = {}

    def channels(self, repository: str) -> list[Channel]:
        """The channels that have a tag, in one request; whoever polls asks for these alone, since
        a registry may log every tag that is not there as an error."""
        tags = set(self._registry.tags(repository))
        return [channel for channel in Channel if channel in tags]

    def read(self, repository: str, channel: Channel) -> Release | Foreign | None:
        """What the channel's tag points at, None where there is no such tag. InvalidReference
        or InvalidName for an index whose annotation is wrong; errors of the registry."""
        digest = self._registry.resolve(repository, channel)
        if digest is None:
            return None
        version = self.version(repository, digest)
        if version is None:
            return Foreign(digest)
        index = self._index(repository, digest)
        return Release(repository, channel, version, digest, index.images if index else {})

    def release(self, repository: str, channel: Channel) -> Release | None:
        """The release in one channel, as `releases` gives it."""
        try:
            found = self.read(repository, channel)
        except SlipwayError as error:
            if error.transient:
                raise
            return None
        return found if isinstance(found, Release) else None

    def releases(self, repository: str) -> list[Release]:
        """The releases in a repository's channels, without whatever else may stand there: the tag
        monitor reports what is wrong with it. Unavailable."""
        try:
            channels = self.channels(repository)
        except SlipwayError as error:
            if error.transient:
                raise
            return []
        found = (self.release(repository, channel) for channel in channels)
        return [release for release in found if release]

    def version(self, repository: str, digest: Digest) -> ModelVersion | None:
        """The version that an index carries, None for anything that is not Slipway's."""
        index = self._index(repository, digest)
        if index is None or VERSION_KEY not in index.annotations:
            return None
        version = ModelVersion.parse(index.annotations[VERSION_KEY])
        if version.name.repository != repository:
            raise InvalidReference(
                f"{repository}@{digest} is annotated as {version}, of another repository",
                hint="Tag the index that Slipway pushed to this repository",
            )
        return version

    def _index(self, repository: str, digest: Digest) -> ImageIndex | None:
        key = (repository, digest)
        if key not in self._indexes:
            if len(self._indexes) >= _REMEMBERED:
                self._indexes.clear()
            try:
                self._indexes[key] = self._registry.index(repository, digest)
            except InvalidReference:
                self._indexes[key] = None
        return self._indexes[key]


def watched_repositories(
    registry: ImageRegistry, listed: Sequence[str], known: Sequence[str]
) -> list[str]:
    """The repositories to look at: the `listed` ones, otherwise the catalogue's and those that
    are `known`; InvalidSetting for a listed name that no model can have."""
    for name in listed:
        if not _may_hold_models(name):
            raise InvalidSetting(
                f"monitor.repositories: {name!r} cannot hold a model",
                hint="A repository is the lower-case name of its model",
            )
    names = set(listed) or {*registry.repositories(), *known}
    return sorted(name for name in names if _may_hold_models(name))


def versions_of(registry: ImageRegistry, name: ModelName) -> list[ModelVersion]:
    """The versions in the registry, newest first."""
    versions = []
    for tag in registry.tags(name.repository):
        try:
            versions.append(ModelVersion.parse(tag))
        except InvalidName:
            continue  # a channel, or a tag of somebody else's
    return sorted(versions, key=lambda version: version.timestamp, reverse=True)


def known_versions(registry: ImageRegistry, name: ModelName) -> str:
    """For a message: a few of the versions that there are, newest first."""
    newest = versions_of(registry, name)[:_SHOWN]
    if not newest:
        return f"The registry has no version of {name}"
    return f"The newest are {', '.join(map(str, newest))}"


def _may_hold_models(repository: str) -> bool:
    try:
        return ModelName.parse(repository).repository == repository
    except SlipwayError:
        return False
