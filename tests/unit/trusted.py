"""A signed repository in a fake bucket, with python-tuf's own client reading it."""

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from securesystemslib.signer import Key
from tuf.api.exceptions import DownloadHTTPError
from tuf.ngclient import FetcherInterface, Updater, UpdaterConfig

from slipway.adapters.key_folder import KeyFolder, make_pair, read_public
from slipway.adapters.key_uris import KeyUris
from slipway.domain.errors import NotFound
from slipway.ports.bucket import Bucket
from slipway.services.trust import edits
from slipway.services.trust.change_keys import KeyChanges, new_repository
from slipway.services.trust.folder_targets import Rendered
from slipway.services.trust.publication import Publication
from slipway.services.trust.publish import Publisher
from slipway.services.trust.sign import PendingSignatures
from slipway.services.trust.waiting import waiting
from tests.fakes.bucket import FakeBucket

NOW = 1_800_000_000
DAY = 86_400


@dataclass
class StandingClock:
    """Stands until a test moves it."""

    seconds: int = NOW

    def now(self) -> int:
        return self.seconds


@dataclass
class BucketFetcher(FetcherInterface):
    """Lets python-tuf's client read a bucket."""

    bucket: Bucket

    def _fetch(self, url: str) -> Iterator[bytes]:
        try:
            return iter([self.bucket.read(url.removeprefix("bucket://"))])
        except NotFound as error:
            raise DownloadHTTPError(str(error), 404) from error


@dataclass
class Client:
    """A device's client, with the metadata that it has seen."""

    bucket: Bucket
    clock: StandingClock
    root: bytes
    state: Path

    def folder(self, folder: str) -> dict[str, bytes]:
        """The manifests of a folder, found by its signed index; python-tuf's errors."""
        updater = self._updater()
        updater.refresh()
        listing = json.loads(self._read(updater, f"{folder}/index.json"))
        return {
            file["name"]: self._read(updater, f"{folder}/{file['name']}")
            for file in listing["files"]
        }

    def _updater(self) -> Updater:
        targets = self.state / "targets"
        targets.mkdir(exist_ok=True)
        updater = Updater(
            str(self.state / "metadata"),
            "bucket://metadata/",
            str(targets),
            "bucket://targets/",
            BucketFetcher(self.bucket),
            UpdaterConfig(),
            bootstrap=self.root,
        )
        now = datetime.fromtimestamp(self.clock.seconds, UTC)
        updater._trusted_set.reference_time = now  # it has no other way to be told the time
        return updater

    def _read(self, updater: Updater, path: str) -> bytes:
        info = updater.get_targetinfo(path)
        assert info is not None, f"{path} is not among the targets"
        return Path(updater.download_target(info)).read_bytes()


@dataclass
class Trusted:
    """A bucket, the owner's keys, and the monitor's publisher."""

    folder: Path
    bucket: FakeBucket = field(default_factory=FakeBucket)
    clock: StandingClock = field(default_factory=StandingClock)
    root_keys: int = 3
    threshold: int = 2

    def __post_init__(self) -> None:
        self.keys = KeyFolder(self.folder)
        new_repository(
            self.bucket,
            self.keys,
            self.clock,
            root_keys=self.root_keys,
            threshold=self.threshold,
        )
        self.publisher = Publisher(self.bucket, self.keys, self.clock)

    def publish(self, manifests: dict[str, bytes] | None = None, *gone: str) -> Publication:
        return self.publisher.publish(Rendered(manifests or {}, gone))

    def changes(self) -> KeyChanges:
        return KeyChanges(self.bucket, self.keys, self.clock)

    def person(self, name: str) -> Path:
        """A person's private key; the public one lies beside it."""
        path = self.folder.parent / f"{name}.pem"
        make_pair(path)
        return path

    def demand(self, channel: str, *people: Path, threshold: int = 1) -> None:
        keys = [read_public(path.with_suffix(".pub")) for path in people]
        self.changes().change(lambda _, t: edits.demand(t, channel, keys, threshold))

    def rotate_online(self) -> None:
        key = self.keys.create("online")
        self.changes().change(lambda r, t: edits.rotate_online(r, t, key))

    def rotate_root(self, keys: Sequence[Key]) -> None:
        self.changes().change(lambda root, _: edits.rotate_root(root, keys, 2))

    def pending(self) -> PendingSignatures:
        return PendingSignatures(self.bucket, self.keys, self.clock)

    def sign(self, what: str, *keys: Path) -> list[tuple[int, int]]:
        """How many signatures what waits has, and needs."""
        pending = self.pending()
        left = pending.sign(pending.show(what), KeyUris([str(key) for key in keys]))
        return [(each.signatures, each.threshold) for each in left]

    def waiting(self) -> dict[str, tuple[int, int]]:
        found = waiting(self.pending().state())
        return {each.role: (each.signatures, each.threshold) for each in found}

    def client(self) -> Client:
        state = Path(tempfile.mkdtemp(prefix="client-", dir=self.folder.parent))
        return Client(self.bucket, self.clock, self.keys.pinned_root(), state)
