"""A deploy bucket in S3 or what speaks its protocol: `s3://BUCKET[/PREFIX]`.

Credentials, region and endpoint come from where boto3 looks for them (`AWS_ENDPOINT_URL` names
an own server). The entity tag tells whether an object changed.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, TypedDict

from slipway_agent.errors import Denied, MissingExtra, NotFound, Refused, Unavailable
from slipway_agent.sources.base import TIMEOUT
from slipway_agent.sources.retry_after import seconds

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from mypy_boto3_s3 import S3Client


class _Condition(TypedDict, total=False):
    IfNoneMatch: str


class S3Source:
    """Asks with the entity tag of the last answer."""

    def __init__(self, bucket: str, prefix: str) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._client = connect(self.url)
        self._seen: dict[str, str] = {}

    @property
    def url(self) -> str:
        """`s3://` with bucket and prefix."""
        return f"s3://{self._bucket}/{self._prefix}".rstrip("/")

    def read(self, path: str, limit: int) -> bytes:
        """The bytes of one object."""
        data, _ = self._get(path, limit, "")
        assert data is not None  # noqa: S101  there was no condition
        return data

    def changed(self, path: str, limit: int) -> bytes | None:
        """The bytes of one object, or None if its entity tag is that of the last call."""
        data, tag = self._get(path, limit, self._seen.get(path, ""))
        self._seen[path] = tag
        return data

    def close(self) -> None:
        """Close the client's connections."""
        self._client.close()

    def _get(self, path: str, limit: int, tag: str) -> tuple[bytes | None, str]:
        """The bytes, None if their entity tag is still `tag`, and the tag that they have."""
        from botocore.exceptions import ClientError

        where = f"{self.url}/{path}"
        condition: _Condition = {"IfNoneMatch": tag} if tag else {}
        with translated(where):
            try:
                answer = self._client.get_object(
                    Bucket=self._bucket, Key=f"{self._prefix}{path}", **condition
                )
            except ClientError as error:
                if tag and _status(error) == 304:
                    return None, tag
                raise
            with closing(answer["Body"]) as body:
                data = body.read(limit + 1)
        if len(data) > limit:
            raise Refused(f"{where} has more than {limit} bytes")
        if len(data) != answer["ContentLength"]:
            raise Unavailable(f"{where} was cut short: {len(data)} bytes")
        return data, answer["ETag"]


def connect(url: str) -> "S3Client":
    """A client for the bucket at `url`; MissingExtra, Denied."""
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError as error:
        raise MissingExtra(
            f"{url} needs boto3, which is not installed",
            hint="pip install 'slipway-agent[s3]', or let the device read over https",
        ) from error
    try:
        return boto3.session.Session().client(
            "s3",
            config=Config(
                connect_timeout=TIMEOUT,
                read_timeout=TIMEOUT,
                retries={"mode": "standard", "total_max_attempts": 1},  # the loop tries again
            ),
        )
    except (BotoCoreError, ValueError) as error:
        raise Denied(f"{url}: boto3 is not configured: {error}") from error


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Raise what the client raises as the agent's errors."""
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        CredentialRetrievalError,
        NoCredentialsError,
        PartialCredentialsError,
    )

    try:
        yield
    except ClientError as error:
        status, code = _status(error), error.response.get("Error", {}).get("Code", "")
        if status == 404:
            raise NotFound(f"{where} does not exist: {code}") from error
        if status in (401, 403):
            raise Denied(f"{where} is refused: {code}", hint="Check the AWS credentials") from error
        headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        wait = seconds(headers.get("retry-after", ""))
        raise Unavailable(f"{where} answers {status} {code}", retry_after=wait) from error
    except (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError) as error:
        raise Denied(
            f"{where}: no usable AWS credentials: {error}",
            hint="Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a credentials file",
        ) from error
    except (BotoCoreError, OSError) as error:
        raise Unavailable(f"{where} does not answer: {error}") from error


def _status(error: "ClientError") -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
