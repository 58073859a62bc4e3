"""Reports into Google Cloud Storage: `gs://BUCKET[/PREFIX]`."""

from slipway_agent.sources.base import TIMEOUT
from slipway_agent.sources.gcs import connect, translated


class GcsSink:
    """Credentials as for reading; the account needs to create and replace objects, no more."""

    def __init__(self, bucket: str, prefix: str) -> None:
        self._name = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._bucket = connect(self.url).bucket(bucket)

    @property
    def url(self) -> str:
        """`gs://` with bucket and prefix."""
        return f"gs://{self._name}/{self._prefix}".rstrip("/")

    def write(self, path: str, data: bytes) -> None:
        """Create or replace an object."""
        blob = self._bucket.blob(f"{self._prefix}{path}")
        with translated(f"{self.url}/{path}"):
            blob.upload_from_string(data, timeout=TIMEOUT, retry=None)
