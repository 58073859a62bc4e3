"""The matrix of models and channels, and how far its delivery has come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slipway.domain.errors import NotFound
from slipway.domain.image import Digest
from slipway.domain.names import Arch, Channel, ModelName, ModelVersion
from slipway.domain.release import Release
from slipway.ports.bucket import Bucket
from slipway.ports.image_registry import ImageRegistry
from slipway.services.channel_history import ChannelHistory, Last
from slipway.services.deploy_folders import manifest_key
from slipway.services.releases import ReleaseReader, watched_repositories


@dataclass(frozen=True)
class ChannelState:
    """One model in one channel."""

    name: ModelName
    channel: Channel
    version: ModelVersion
    index: Digest
    images: Mapping[Arch, Digest]
    since: int | None  # unix seconds when the tag monitor saw it first; None: not yet
    published: Mapping[Arch, bool]  # per arch that has an image: does the bucket show it


def channel_states(
    registry: ImageRegistry, bucket: Bucket, repositories: Sequence[str] = ()
) -> list[ChannelState]:
    """What stands in the channels, by name and in the channels' order; NotFound when a single
    repository was asked for and has nothing."""
    last = ChannelHistory(bucket).last()
    known = [repository for repository, _ in last]
    reader = ReleaseReader(registry)
    found = []
    for repository in watched_repositories(registry, repositories, known):
        for release in reader.releases(repository):
            before = last.get((repository, release.channel), Last())
            found.append(_state(release, bucket, before))
    if not found and len(repositories) == 1:
        raise NotFound(
            f"no version of {repositories[0]} stands in a channel",
            hint="slipway channels, without a name, shows all models",
        )
    return found


def _state(release: Release, bucket: Bucket, last: Last) -> ChannelState:
    seen = last.move is not None and last.move.index == release.index
    return ChannelState(
        name=release.version.name,
        channel=release.channel,
        version=release.version,
        index=release.index,
        images=release.images,
        since=last.move.at if last.move and seen else None,
        published={
            arch: _shows(bucket, manifest_key(arch, release.channel, release.repository), digest)
            for arch, digest in release.images.items()
        },
    )


def _shows(bucket: Bucket, key: str, digest: Digest) -> bool:
    try:
        return f"@{digest}".encode() in bucket.read(key)
    except NotFound:
        return False
