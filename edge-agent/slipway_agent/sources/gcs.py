"""A deploy bucket in Google Cloud Storage: `gs://BUCKET[/PREFIX]`.

Credentials come from where google-auth looks for them (`GOOGLE_APPLICATION_CREDENTIALS`);
`STORAGE_EMULATOR_HOST` names an emulator. The generation tells whether an object changed, and
pins what is read.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from slipway_agent.errors import Denied, MissingExtra, NotFound, Refused, Unavailable
from slipway_agent.sources.base import TIMEOUT
from slipway_agent.sources.retry_after import seconds

if TYPE_CHECKING:
    from google.cloud import storage


class GcsSource:
    """Asks for an object's generation and size first, then for what it holds."""

    def __init__(self, bucket: str, prefix: str) -> None:
        self._name = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._client = connect(self.url)
        self._bucket = self._client.bucket(bucket)
        self._seen: dict[str, int] = {}

    @property
    def url(self) -> str:
        """`gs://` with bucket and prefix."""
        return f"gs://{self._name}/{self._prefix}".rstrip("/")

    def read(self, path: str, limit: int) -> bytes:
        """The bytes of one object."""
        return self._download(self._look(path, None), path, limit)

    def changed(self, path: str, limit: int) -> bytes | None:
        """The bytes of one object, or None if its generation is that of the last call."""
        from google.api_core.exceptions import NotModified

        seen = self._seen.get(path)
        try:
            blob = self._look(path, seen)
        except NotModified:
            return None
        generation = int(blob.generation)  # downloading may lose it
        if generation == seen:  # a server that knows no conditions
            return None
        data = self._download(blob, path, limit)
        self._seen[path] = generation
        return data

    def close(self) -> None:
        """Close the client's connections."""
        self._client.close()

    def _look(self, path: str, seen: int | None) -> "storage.Blob":
        blob = self._bucket.blob(f"{self._prefix}{path}")
        with translated(f"{self.url}/{path}"):
            blob.reload(if_generation_not_match=seen, timeout=TIMEOUT, retry=None)
        return blob

    def _download(self, blob: "storage.Blob", path: str, limit: int) -> bytes:
        where = f"{self.url}/{path}"
        size = int(blob.size)
        if size > limit:
            raise Refused(f"{where} has more than {limit} bytes")
        with translated(where, missing=Unavailable(f"{where} changed while it was read")):
            data: bytes = blob.download_as_bytes(
                if_generation_match=int(blob.generation), timeout=TIMEOUT, retry=None
            )
        if len(data) != size:
            raise Unavailable(f"{where} was cut short: {len(data)} of {size} bytes")
        return data


def connect(url: str) -> "storage.Client":
    """A client for the bucket at `url`; MissingExtra, Denied."""
    try:
        from google.auth.exceptions import GoogleAuthError
        from google.cloud import storage
    except ImportError as error:
        raise MissingExtra(
            f"{url} needs google-cloud-storage, which is not installed",
            hint="pip install 'slipway-agent[gcs]', or let the device read over https",
        ) from error
    try:
        # A project is asked for and never used: objects are named by their bucket alone.
        return storage.Client(project="slipway")
    except (GoogleAuthError, OSError, ValueError) as error:
        raise Denied(
            f"{url}: no usable Google credentials: {error}",
            hint="Set GOOGLE_APPLICATION_CREDENTIALS to the device's key file",
        ) from error


@contextmanager
def translated(where: str, missing: Exception | None = None) -> Iterator[None]:
    """Raise what the client raises as the agent's errors; `missing` for an object that is gone."""
    from google.api_core import exceptions
    from google.auth.exceptions import GoogleAuthError
    from requests.exceptions import RequestException

    try:
        yield
    except exceptions.NotModified:
        raise
    except (exceptions.NotFound, exceptions.PreconditionFailed) as error:
        raise missing or NotFound(f"{where} does not exist") from error
    except (exceptions.Unauthorized, exceptions.Forbidden) as error:
        raise Denied(f"{where} is refused with {error.code}") from error
    except GoogleAuthError as error:
        raise Denied(f"{where}: the Google credentials are not accepted: {error}") from error
    except exceptions.GoogleAPICallError as error:
        wait = error.response.headers.get("Retry-After", "") if error.response is not None else ""
        raise Unavailable(f"{where} answers {error.code}", retry_after=seconds(wait)) from error
    except (RequestException, OSError) as error:
        raise Unavailable(f"{where} does not answer: {error}") from error
