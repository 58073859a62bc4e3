"""Makes the deploy bucket say what the registry's channel tags say.

A pure function of the state of the registry: which events led to a call, how many, in which order,
makes no difference. What cannot be read or rendered is reported and its manifests stay as they
are; what does not exist is removed. Nothing is written before all of the registry has been read,
so a registry that goes away changes nothing.

Only manifests of channels with a history (see `channel_history`) are ours to remove: what others
put into a folder by hand stays there. It is not signed, so no device takes it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from slipway.domain.errors import Conflict, Failed, ServerError, SlipwayError, Unavailable
from slipway.domain.image import Digest
from slipway.domain.names import Arch, Channel, ModelName, ModelVersion
from slipway.domain.release import Foreign, Move, Release
from slipway.ports.bucket import Bucket
from slipway.ports.clock import Clock
from slipway.ports.image_registry import ImageRegistry
from slipway.services.channel_history import ChannelHistory, Last
from slipway.services.check_manifest import CheckedManifest
from slipway.services.deploy_folders import DeployFolders, manifest_key
from slipway.services.manifest_conflicts import conflicts
from slipway.services.own_pods import read_own_pods
from slipway.services.problem import Problem
from slipway.services.releases import ReleaseReader, watched_repositories
from slipway.services.render_manifests import ManifestRenderer
from slipway.services.trust.folder_targets import Rendered
from slipway.services.trust.publication import Publication, publication_problems
from slipway.services.trust.publish import Publisher


@dataclass(frozen=True)
class Report:
    """What one reconciliation did; keys are those of the deploy bucket."""

    written: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    standing: Mapping[tuple[ModelName, Channel], ModelVersion | None] = field(default_factory=dict)
    seen: frozenset[tuple[Channel, Digest]] = frozenset()  # what the channels' tags point at
    publication: Publication | None = None  # what devices see of it

    def news(self, known: Collection[Problem] = ()) -> list[str]:
        """What was done, and the problems that are not `known` already, a line each."""
        lines = [f"written {key}" for key in self.written]
        lines += [f"removed {key}" for key in self.removed]
        if self.publication and self.publication.written:
            lines += self.publication.news()
        return lines + [str(problem) for problem in self.problems if problem not in known]


@dataclass
class _Wanted:
    """What is to become of the manifests; a key in neither stays as it is."""

    manifests: dict[str, CheckedManifest] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    seen: set[tuple[Channel, Digest]] = field(default_factory=set)

    def problem(self, error: SlipwayError, *where: str) -> None:
        """Note it and go on; a registry that does not answer is the end of all."""
        if isinstance(error, Unavailable) and not isinstance(error, ServerError):
            raise error
        self.problems.append(Problem(" ".join(where), error.code, error.message, error.hint))


class Reconciler:
    """Reconciles one registry with one deploy bucket; keeps nothing that it could not read anew."""

    def __init__(
        self,
        registry: ImageRegistry,
        bucket: Bucket,
        renderer: ManifestRenderer,
        clock: Clock,
        *,
        repositories: Sequence[str] = (),
        archs: Sequence[Arch] = tuple(Arch),
        publisher: Publisher | None = None,
        own_pods: Path | None = None,
    ) -> None:
        """`repositories`: empty for all of the catalogue; `archs`: those that every release is
        expected to have an image for; `publisher`: signs it for devices; `own_pods`: a folder of
        manifests that are published as they are."""
        self._registry = registry
        self._renderer = renderer
        self._clock = clock
        self._repositories = repositories
        self._archs = archs
        self._reader = ReleaseReader(registry)
        self._history = ChannelHistory(bucket)
        self._folders = DeployFolders(bucket)
        self._publisher = publisher
        self._own_pods = own_pods

    def reconcile(self) -> Report:
        """One reconciliation. Unavailable or Denied when registry or bucket are, before or after
        any single write; the next one goes on from there."""
        last = self._history.last()  # before the registry, see channel_history
        found = self._folders.read()
        known = sorted({repository for repository, _ in last})
        # The number of a move is taken from what is signed: the folders anybody could have written.
        signed = self._publisher.in_force(found) if self._publisher else found
        wanted = _Wanted()
        states: dict[tuple[str, Channel], Release | None] = {}
        for repository in watched_repositories(self._registry, self._repositories, known):
            self._read(repository, last, states, wanted)
        for (repository, channel), release in states.items():
            number = _number(release, last.get((repository, channel), Last()))
            for arch in Arch:
                standing = signed.get(manifest_key(arch, channel, repository))
                self._want(
                    repository, channel, release, arch, wanted, standing=standing, number=number
                )
        own = self._own(wanted)
        settled = wanted.manifests.keys() | wanted.gone
        kept = {k: v for k, v in found.items() if k.endswith(".yaml") and k not in settled}
        for key, error in conflicts(wanted.manifests, kept).items():
            wanted.problem(error, key)
            del wanted.manifests[key]
        self._record(states, last)
        data = {key: manifest.data for key, manifest in wanted.manifests.items()}
        changes = self._folders.write(found, data, wanted.gone)
        publication = self._publish(Rendered(data, wanted.gone, own), kept, wanted)
        return Report(
            written=changes.written,
            removed=changes.removed,
            unchanged=changes.unchanged,
            problems=tuple(sorted(wanted.problems, key=lambda p: (p.where, p.message))),
            standing=_standing(states, last),
            seen=frozenset(wanted.seen),
            publication=publication,
        )

    def _own(self, wanted: _Wanted) -> frozenset[str] | None:
        """Add the owner's own pods to what is wanted; the keys of their files."""
        if self._own_pods is None:
            return None
        own = read_own_pods(self._own_pods)
        wanted.problems += own.broken.values()
        for key, manifest in own.manifests.items():
            if key in wanted.manifests:
                taken = Conflict(f"{key} is the manifest of a release", hint="Rename the file")
                wanted.problem(taken, str(self._own_pods))
            else:
                wanted.manifests[key] = manifest
        return own.keys

    def _publish(
        self, rendered: Rendered, kept: Mapping[str, bytes], wanted: _Wanted
    ) -> Publication | None:
        """Sign for devices what was rendered; what nobody rendered is not signed."""
        if self._publisher is None:
            return None
        try:
            done = self._publisher.publish(rendered)
        except SlipwayError as error:
            if error.transient:
                raise
            wanted.problem(error, "signing")
            return None
        wanted.problems += publication_problems(done, kept, self._clock.now())
        return done

    def _read(
        self,
        repository: str,
        last: Mapping[tuple[str, Channel], Last],
        states: dict[tuple[str, Channel], Release | None],
        wanted: _Wanted,
    ) -> None:
        """Add the repository's channels to `states`; those in trouble to the problems instead."""
        foreign: list[Channel] = []
        ours = False
        try:
            tagged = self._reader.channels(repository)
        except SlipwayError as error:
            wanted.problem(error, repository)
            return
        for channel in Channel:
            before = last.get((repository, channel), Last())
            # That what stood there is gone, only the tag itself says: a listing may be stale.
            stood = before.move is not None and before.move.index is not None
            try:
                asked = channel in tagged or stood
                state = self._reader.read(repository, channel) if asked else None
            except SlipwayError as error:
                wanted.problem(error, repository, channel)
                continue
            if state:
                digest = state.index if isinstance(state, Release) else state.digest
                wanted.seen.add((channel, digest))
            ours = ours or isinstance(state, Release) or before.move is not None
            if isinstance(state, Foreign):
                foreign.append(channel)
            elif state or before.move:
                states[repository, channel] = state
        for channel in foreign if ours else []:
            # A repository of somebody else's images is none of our business.
            strange = Failed(
                f"the tag {channel} of {repository} points at no release of Slipway's",
                hint="Its manifests stay as they were; slipway promote moves the tag to a version",
            )
            wanted.problem(strange, repository, channel)

    def _want(
        self,
        repository: str,
        channel: Channel,
        release: Release | None,
        arch: Arch,
        wanted: _Wanted,
        *,
        standing: bytes | None,
        number: int,
    ) -> None:
        key = manifest_key(arch, channel, repository)
        if release is None or arch not in release.images:
            wanted.gone.add(key)
            if release and arch in self._archs:
                missing = Failed(
                    f"{release.version} has no image for {arch}: {channel} holds none for it now",
                    hint="Package the version for all archs of builder.archs",
                )
                wanted.problem(missing, repository, channel, arch)
            return
        try:
            wanted.manifests[key] = self._renderer.render(release, arch, standing, number)
        except SlipwayError as error:
            wanted.problem(error, repository, channel, arch)

    def _record(
        self,
        states: Mapping[tuple[str, Channel], Release | None],
        last: Mapping[tuple[str, Channel], Last],
    ) -> None:
        """Write down every move since the last time."""
        for (repository, channel), release in states.items():
            before = last.get((repository, channel), Last())
            number = _number(release, before)
            if number != before.number:
                index = release.index if release else None
                move = Move(release.version if release else None, index, self._clock.now())
                self._history.append(repository, channel, number, move)


def _number(release: Release | None, last: Last) -> int:
    """The number of the move that brought the channel to `release`."""
    index = release.index if release else None
    return last.number if last.move and last.move.index == index else last.number + 1


def _standing(
    states: Mapping[tuple[str, Channel], Release | None], last: Mapping[tuple[str, Channel], Last]
) -> dict[tuple[ModelName, Channel], ModelVersion | None]:
    """What the channels hold, None where a release was taken away."""
    found: dict[tuple[ModelName, Channel], ModelVersion | None] = {}
    for (repository, channel), release in states.items():
        before = last.get((repository, channel), Last()).move
        if release:
            found[release.version.name, channel] = release.version
        elif before and before.version:
            found[before.version.name, channel] = None
    return found
