"""A bucket of Google Cloud Storage.

Credentials are the application default ones; STORAGE_EMULATOR_HOST leads to an emulator, as the
library documents. An object appears when its upload is complete; `create` relies on the
precondition that there is no generation of the object yet.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self

from slipway.adapters.files import replacing
from slipway.domain.errors import (
    AlreadyExists,
    Denied,
    Failed,
    MissingTool,
    NotFound,
    SlipwayError,
    Unavailable,
)
from slipway.domain.keys import BucketLocation, check_key, is_key
from slipway.domain.system_errors import os_errors
from slipway.ports.bucket import ObjectInfo

if TYPE_CHECKING:
    from google.cloud.storage import Blob, Bucket

_TIMEOUT = (5.0, 60.0)  # seconds to connect, and between two pieces of an answer
_PATIENCE = 30.0  # seconds after which a call that fails again and again is given up
_CHUNK = 8 * 2**20  # bytes of an upload that are held in memory
_TYPE = "application/octet-stream"


class GcsBucket:
    """Port `Bucket` over Cloud Storage."""

    def __init__(self, location: BucketLocation, bucket: "Bucket") -> None:
        from google.cloud.storage.retry import DEFAULT_RETRY

        self._location = location
        self._bucket = bucket
        self._retry = DEFAULT_RETRY.with_timeout(_PATIENCE)

    @classmethod
    def open(cls, rest: str) -> Self:
        """The bucket after `gs://`; no request is made. Raises InvalidSetting, Denied when there
        are no credentials, MissingTool."""
        location = BucketLocation.parse("gs", rest)
        try:
            from google.cloud import storage
        except ImportError as error:
            raise MissingTool(
                f"google-cloud-storage is not installed; {location} needs it",
                hint="Install slipway[gcs]",
            ) from error
        with _errors(str(location)):
            client = storage.Client()
            return cls(location, client.bucket(location.bucket))

    @property
    def url(self) -> str:
        """`gs://bucket[/prefix]`."""
        return str(self._location)

    def objects(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """See the port."""
        skip = len(self._location.prefix)
        with _errors(self.url):
            for blob in self._bucket.client.list_blobs(
                self._bucket,
                prefix=self._location.prefix + prefix,
                fields="items(name,size,generation),nextPageToken",
                timeout=_TIMEOUT,
                retry=self._retry,
            ):
                if is_key(blob.name[skip:]):
                    yield ObjectInfo(blob.name[skip:], blob.size, str(blob.generation))

    def folders(self, prefix: str = "") -> Iterator[str]:
        """See the port."""
        full = self._location.prefix + prefix
        with _errors(self.url):
            listing = self._bucket.client.list_blobs(
                self._bucket,
                prefix=full,
                delimiter="/",
                fields="prefixes,nextPageToken",
                timeout=_TIMEOUT,
                retry=self._retry,
            )
            for page in listing.pages:
                names = (each[len(full) :].removesuffix("/") for each in page.prefixes)
                yield from (name for name in names if is_key(name))

    def read(self, key: str) -> bytes:
        """See the port."""
        blob = self._blob(key)
        with _errors(self._name(key)):
            data: bytes = blob.download_as_bytes(timeout=_TIMEOUT, retry=self._retry)
            return data

    def write(self, key: str, data: bytes) -> None:
        """See the port."""
        blob = self._blob(key)
        with _errors(self._name(key)):
            blob.upload_from_string(data, _TYPE, timeout=_TIMEOUT, retry=self._retry)

    def create(self, key: str, data: bytes) -> None:
        """See the port."""
        blob = self._blob(key)
        with _errors(self._name(key)):
            blob.upload_from_string(
                data, _TYPE, if_generation_match=0, timeout=_TIMEOUT, retry=self._retry
            )

    def delete(self, key: str) -> None:
        """See the port."""
        blob = self._blob(key)
        try:
            with _errors(self._name(key)):
                blob.delete(timeout=_TIMEOUT, retry=self._retry)
        except NotFound:
            next(self.objects(key), None)  # raises NotFound when it is the bucket that is missing

    def download(self, key: str, path: Path) -> None:
        """See the port."""
        blob = self._blob(key)
        with replacing(path) as file, _errors(self._name(key)):
            blob.download_to_file(file, timeout=_TIMEOUT, retry=self._retry)

    def upload(self, path: Path, key: str) -> None:
        """See the port."""
        blob = self._blob(key)
        blob.chunk_size = _CHUNK
        with os_errors(str(path)):
            source = path.open("rb")
        with source, _errors(self._name(key)):
            blob.upload_from_file(
                source,
                size=path.stat().st_size,
                content_type=_TYPE,
                timeout=_TIMEOUT,
                retry=self._retry,
            )

    def _name(self, key: str) -> str:
        return f"{self.url}/{key}"

    def _blob(self, key: str) -> "Blob":
        return self._bucket.blob(self._location.prefix + check_key(key))


@contextmanager
def _errors(what: str) -> Iterator[None]:
    """Raise the library's errors as Slipway's; `what` is the URL for the message."""
    import requests
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError
    from google.cloud.storage.exceptions import DataCorruption, InvalidResponse

    try:
        yield
    except (
        GoogleAPIError,
        GoogleAuthError,
        InvalidResponse,
        DataCorruption,
        requests.RequestException,
    ) as error:
        raise _translated(error, what) from error


def _translated(error: Exception, what: str) -> SlipwayError:
    from google.api_core import exceptions as api
    from google.auth import exceptions as auth

    match error:
        case api.PreconditionFailed():
            return AlreadyExists(f"{what} exists already", hint="Choose another name")
        case api.NotFound():
            return NotFound(f"{what} does not exist, or its bucket does not", hint="Check the URL")
        case api.Unauthorized() | api.Forbidden() | auth.DefaultCredentialsError():
            return Denied(f"{what}: {_reason(error)}", hint="Check the Google Cloud credentials")
        case auth.TransportError():
            return Unavailable(f"{what}: {_reason(error)}", hint="Check the network")
        case auth.GoogleAuthError():
            return Denied(f"{what}: {_reason(error)}", hint="Check the Google Cloud credentials")
        case api.ClientError() if not isinstance(error, api.TooManyRequests):
            return Failed(f"{what}: {_reason(error)}", hint="Check the URL and the bucket's rules")
        case _:
            return Unavailable(
                f"{what} does not answer as it should: {_reason(error)}",
                hint="Check the network, and try again later",
            )


def _reason(error: Exception) -> str:
    """The first line; the library appends whole HTML pages."""
    return (str(error) or type(error).__name__).strip().splitlines()[0][:300]
