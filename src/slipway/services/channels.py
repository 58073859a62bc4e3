"""The matrix of models and channels, and how far its delivery has come."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slipway.domain.errors import NotFound
from slipway.domain.image import Digest
from slipway.domain.names import Arch, Channel, ModelName, ModelVersion
from slipway.domain.release import Release
from slipway.ports.bucket import Bucket
from slipway.ports.image_registry import ImageRegistry
from slipway.services.channel_history import ChannelHistory, Last
from slipway.services.deploy_folders import manifest_key
from slipway.services.releases import ReleaseReader, watched_repositories
from slipway.services.trust.publication import Waiting

if TYPE_CHECKING:
    from slipway.domain.fleet import Target


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


class ChannelReader:
    """Reads the matrix; remembers what does not change, for whoever asks again and again."""

    def __init__(self, registry: ImageRegistry, bucket: Bucket) -> None:
        self._registry = registry
        self._bucket = bucket
        self._releases = ReleaseReader(registry)
        self._history = ChannelHistory(bucket)
        self._manifests: dict[str, tuple[str, bytes]] = {}  # tag and contents by key

    def states(self, repositories: Sequence[str] = ()) -> list[ChannelState]:
        """What stands in the channels, by name and in the channels' order."""
        last = self._history.last()
        known = [repository for repository, _ in last]
        releases = [
            release
            for repository in watched_repositories(self._registry, repositories, known)
            for release in self._releases.releases(repository)
        ]
        shown = self._shown(releases)
        return [
            _state(release, shown, last.get((release.repository, release.channel), Last()))
            for release in releases
        ]

    def _shown(self, releases: Sequence[Release]) -> dict[str, bytes]:
        """The releases' manifests that devices may see, by key."""
        keys = {key for release in releases for key in _keys(release).values()}
        kept: dict[str, tuple[str, bytes]] = {}
        for folder in sorted({key.rpartition("/")[0] for key in keys}):
            for info in self._bucket.objects(f"{folder}/"):
                if info.key not in keys:
                    continue
                tag, data = self._manifests.get(info.key, ("", b""))
                with suppress(NotFound):  # removed just now
                    data = data if tag == info.tag else self._bucket.read(info.key)
                    kept[info.key] = (info.tag, data)
        self._manifests = kept
        return {key: data for key, (_, data) in kept.items()}


def channel_states(
    registry: ImageRegistry, bucket: Bucket, repositories: Sequence[str] = ()
) -> list[ChannelState]:
    """What `ChannelReader` reads, once; NotFound when a single repository was asked for and has
    nothing."""
    found = ChannelReader(registry, bucket).states(repositories)
    if not found and len(repositories) == 1:
        raise NotFound(
            f"no version of {repositories[0]} stands in a channel",
            hint="slipway channels, without a name, shows all models",
        )
    return found


def targets(states: Sequence[ChannelState], waiting: Mapping[str, Waiting]) -> "list[Target]":
    """What each device should run; `waiting`: the manifests that wait for signatures, by key."""
    from slipway.domain.fleet import Target  # not needed where only the matrix is

    found = []
    for state in states:
        for arch, digest in state.images.items():
            slot = state.name.repository
            waits = waiting.get(manifest_key(arch, state.channel, slot))
            found.append(
                Target(
                    slot=slot,
                    channel=state.channel,
                    arch=arch,
                    model=str(state.name),
                    version=str(state.version),
                    index=str(state.index),
                    digest=str(digest),
                    since=state.since,
                    published=state.published[arch] and waits is None,
                    signatures=waits.signatures if waits else 0,
                    threshold=waits.threshold if waits else 0,
                )
            )
    return sorted(found, key=lambda target: (target.slot, target.channel, target.arch))


def _state(release: Release, shown: Mapping[str, bytes], last: Last) -> ChannelState:
    seen = last.move is not None and last.move.index == release.index
    keys = _keys(release)
    return ChannelState(
        name=release.version.name,
        channel=release.channel,
        version=release.version,
        index=release.index,
        images=release.images,
        since=last.move.at if last.move and seen else None,
        published={
            arch: f"@{digest}".encode() in shown.get(keys[arch], b"")
            for arch, digest in release.images.items()
        },
    )


def _keys(release: Release) -> dict[Arch, str]:
    """Where a release's manifests lie."""
    return {a: manifest_key(a, release.channel, release.repository) for a in release.images}
