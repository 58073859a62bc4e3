"""A bucket of Amazon S3, or of a server that speaks its protocol.

Credentials, region and endpoint are those of the usual AWS environment and files (AWS_PROFILE,
AWS_ENDPOINT_URL_S3, …). An object appears when its upload is complete; `create` relies on the
conditional write `If-None-Match: *`.
"""

import time
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
    from botocore.exceptions import ClientError
    from mypy_boto3_s3 import S3Client

_CONFLICTS = 5  # tries of a conditional write that met another one
_ATTEMPTS = 4  # of any request
_TIMEOUT = (5.0, 60.0)  # seconds to connect, and between two pieces of an answer
_NOT_FOUND = {"404", "NoSuchBucket", "NoSuchKey", "NotFound"}
_DENIED = {
    "401",
    "403",
    "AccessDenied",
    "AllAccessDisabled",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidToken",
    "SignatureDoesNotMatch",
}


class S3Bucket:
    """Port `Bucket` over S3."""

    def __init__(self, location: BucketLocation, client: "S3Client") -> None:
        self._location = location
        self._bucket = location.bucket
        self._client = client

    @classmethod
    def open(cls, rest: str) -> Self:
        """The bucket after `s3://`; no request is made. Raises InvalidSetting, Denied when the
        profile does not exist, MissingTool."""
        location = BucketLocation.parse("s3", rest)
        try:
            import boto3
            from botocore.config import Config
        except ImportError as error:
            raise MissingTool(
                f"boto3 is not installed; {location} needs it", hint="Install slipway[s3]"
            ) from error
        config = Config(
            connect_timeout=_TIMEOUT[0],
            read_timeout=_TIMEOUT[1],
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
        )
        with _errors(str(location)):
            return cls(location, boto3.session.Session().client("s3", config=config))

    @property
    def url(self) -> str:
        """`s3://bucket[/prefix]`."""
        return str(self._location)

    def objects(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """See the port."""
        skip = len(self._location.prefix)
        with _errors(self.url):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._location.prefix + prefix
            )
            for page in pages:
                for item in page.get("Contents", []):
                    if is_key(item["Key"][skip:]):
                        yield ObjectInfo(item["Key"][skip:], item["Size"], item["ETag"])

    def folders(self, prefix: str = "") -> Iterator[str]:
        """See the port."""
        full = self._location.prefix + prefix
        with _errors(self.url):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=full, Delimiter="/"
            )
            for page in pages:
                for item in page.get("CommonPrefixes", []):
                    name = item["Prefix"][len(full) :].removesuffix("/")
                    if is_key(name):
                        yield name

    def read(self, key: str) -> bytes:
        """See the port."""
        full = self._full(key)
        with _errors(self._name(key)):
            return self._client.get_object(Bucket=self._bucket, Key=full)["Body"].read()

    def write(self, key: str, data: bytes) -> None:
        """See the port."""
        full = self._full(key)
        with _errors(self._name(key)):
            self._client.put_object(Bucket=self._bucket, Key=full, Body=data)

    def create(self, key: str, data: bytes) -> None:
        """See the port."""
        from botocore.exceptions import ClientError

        full = self._full(key)
        for attempt in range(_CONFLICTS):
            with _errors(self._name(key)):
                try:
                    self._client.put_object(
                        Bucket=self._bucket, Key=full, Body=data, IfNoneMatch="*"
                    )
                    return
                except ClientError as error:
                    # 409 says that another write of the key was under way, and to try again.
                    if _code(error) != "ConditionalRequestConflict" or attempt == _CONFLICTS - 1:
                        raise
            time.sleep(0.1 * 2**attempt)

    def delete(self, key: str) -> None:
        """See the port."""
        full = self._full(key)
        with _errors(self._name(key)):
            self._client.delete_object(Bucket=self._bucket, Key=full)

    def download(self, key: str, path: Path) -> None:
        """See the port."""
        full = self._full(key)
        with replacing(path) as file, _errors(self._name(key)):
            self._client.download_fileobj(self._bucket, full, file)

    def upload(self, path: Path, key: str) -> None:
        """See the port."""
        full = self._full(key)
        with os_errors(str(path)):
            source = path.open("rb")
        with source, _errors(self._name(key)):
            self._client.upload_fileobj(source, self._bucket, full)

    def _name(self, key: str) -> str:
        return f"{self.url}/{key}"

    def _full(self, key: str) -> str:
        return self._location.prefix + check_key(key)


@contextmanager
def _errors(what: str) -> Iterator[None]:
    """Raise the library's errors as Slipway's; `what` is the URL for the message."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        raise _refusal(error, what) from error
    except (BotoCoreError, Boto3Error) as error:
        raise _failure(error, what) from error


def _code(error: "ClientError") -> str:
    return error.response.get("Error", {}).get("Code", "")


def _refusal(error: "ClientError", what: str) -> SlipwayError:
    """What the server's answer means."""
    code = _code(error)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    said = f"{what}: {error.response.get('Error', {}).get('Message') or code}"
    if code in _NOT_FOUND:
        return NotFound(f"{what} does not exist, or its bucket does not", hint="Check the URL")
    if code in _DENIED:
        return Denied(said, hint="Check the AWS credentials and the bucket's policy")
    if status == 412:
        return AlreadyExists(f"{what} exists already", hint="Choose another name")
    if status == 501:
        return Failed(said, hint="The server lacks something; Slipway needs conditional writes")
    if status >= 500 or status in (409, 429):
        return Unavailable(said, hint="Try again later")
    return Failed(said, hint="Check the URL and the bucket's rules")


def _failure(error: Exception, what: str) -> SlipwayError:
    """What it means that there is no answer, or that none was asked for."""
    from boto3.exceptions import RetriesExceededError
    from botocore import exceptions as boto

    match error:
        case (
            boto.HTTPClientError()
            | boto.ConnectionError()
            | boto.IncompleteReadError()
            | RetriesExceededError()
        ):
            return Unavailable(f"{what}: {error}", hint="Check the network and the endpoint")
        case (
            boto.NoCredentialsError()
            | boto.PartialCredentialsError()
            | boto.CredentialRetrievalError()
            | boto.TokenRetrievalError()
            | boto.SSOError()
            | boto.ProfileNotFound()
        ):
            return Denied(f"{what}: {error}", hint="Give AWS credentials, as for the aws command")
        case _:
            return Failed(f"{what}: {error}", hint="Check the URL and the AWS configuration")
