"""Reports into S3 or what speaks its protocol: `s3://BUCKET[/PREFIX]`."""

from slipway_agent.sources.s3 import connect, translated


class S3Sink:
    """Credentials as for reading; the account needs to put objects, no more."""

    def __init__(self, bucket: str, prefix: str) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._client = connect(self.url)

    @property
    def url(self) -> str:
        """`s3://` with bucket and prefix."""
        return f"s3://{self._bucket}/{self._prefix}".rstrip("/")

    def write(self, path: str, data: bytes) -> None:
        """Create or replace an object."""
        with translated(f"{self.url}/{path}"):
            self._client.put_object(Bucket=self._bucket, Key=f"{self._prefix}{path}", Body=data)
