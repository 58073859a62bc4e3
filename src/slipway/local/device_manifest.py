"""The signed manifest of a device's first agent.

The kubelet runs what lies in its folder, and there is no agent yet that would verify it. So it is
verified here, with python-tuf's client, as the agent does it afterwards: from the root that the
device trusts, by timestamp, snapshot and the folder's role, to the bytes of the manifest. The
folder `ARCH/CHANNEL/` of the bucket, which anybody who can write there can change, is not read.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from tuf.api.exceptions import (
    DownloadError,
    DownloadHTTPError,
    ExpiredMetadataError,
    RepositoryError,
)
from tuf.ngclient import FetcherInterface, TargetFile, Updater

from slipway.domain.errors import NotFound, Refused, SlipwayError
from slipway.ports.bucket import Bucket

_METADATA = "metadata/"


class _BucketFetcher(FetcherInterface):
    """Reads from a bucket, and remembers what it read last: there the chain ends if it does."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self.last = ""

    def _fetch(self, url: str) -> Iterator[bytes]:
        self.last = url
        try:
            return iter((self._bucket.read(url),))
        except NotFound as error:
            raise DownloadHTTPError(error.message, 404) from error


class _Client(Updater):
    """Tells a folder that nothing was published for from one that somebody has taken away."""

    def find(self, key: str) -> TargetFile | None:
        self.refresh()
        role = key.rpartition("/")[0].replace("/", ".")
        if f"{role}.json" not in self._trusted_set.snapshot.meta:
            return None
        return self.get_targetinfo(key)


def signed_manifest(root: Path, deploy: Bucket, key: str) -> bytes:
    """What was signed for `ARCH/CHANNEL/NAME`, verified from `root`, a root.json.

    NotFound when nothing was; Refused when something of the chain is missing, has expired or is
    not what the owner has signed, and when `root` is no root; the bucket's errors.
    """
    fetcher = _BucketFetcher(deploy)
    with tempfile.TemporaryDirectory(prefix="slipway-first-agent-") as folder:
        try:
            client = _Client(
                folder,
                _METADATA,
                folder,
                "targets/",
                fetcher=fetcher,
                bootstrap=root.read_bytes(),
            )
            found = client.find(key)
            if found:
                return Path(client.download_target(found)).read_bytes()
        except ExpiredMetadataError as error:
            raise Refused(
                f"{deploy.url}/{fetcher.last}: {error}",
                hint="slipway up: the tag monitor signs again what the online key signs; slipway"
                " keys renew does the rest. Or is this machine's clock wrong?",
            ) from error
        except RepositoryError as error:
            where = f"{deploy.url}/{fetcher.last}" if fetcher.last else str(root)
            raise Refused(
                f"{where} is not what its owner has signed: {error}",
                hint="No device would take it. Bring the file back from a backup, and find out who"
                " else writes there",
            ) from error
        except DownloadHTTPError as error:
            if fetcher.last != f"{_METADATA}timestamp.json":
                raise Refused(
                    f"{deploy.url}/{fetcher.last} is signed for, and not there",
                    hint="Bring the file back from a backup of the bucket",
                ) from error
        except DownloadError as error:
            if isinstance(error.__cause__, SlipwayError):
                raise error.__cause__ from error
            raise Refused(
                f"{deploy.url}/{fetcher.last} is longer than what was signed: {error}",
                hint="Bring the file back from a backup, and find out who else writes there",
            ) from error
    raise NotFound(f"nothing is signed for {key} in {deploy.url}")
