"""Keys of objects and names of buckets: what every bucket adapter takes and refuses alike."""

import re
from dataclasses import dataclass
from typing import Self

from slipway.domain.errors import InvalidInput, InvalidSetting

_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")
_LONGEST_KEY = 1024  # bytes of UTF-8, the limit of both Cloud Storage and S3


def is_key(text: str) -> bool:
    """Whether `text` can be a key: parts between single slashes, none of them beginning with a
    dot (such names are an adapter's own), no control characters, at most 1024 bytes."""
    parts = text.split("/")
    if any(not part or part.startswith(".") for part in parts) or not text.isprintable():
        return False
    try:
        return len(text.encode()) <= _LONGEST_KEY
    except UnicodeEncodeError:  # a lone surrogate, from a file name that is no UTF-8
        return False


def check_key(text: str) -> str:
    """Return `text`; raises InvalidInput when it cannot be a key."""
    if not is_key(text):
        raise InvalidInput(
            f"{text!r} is not an object key",
            hint="Write folder/file: relative, printable, no part empty or beginning with a dot,"
            f" at most {_LONGEST_KEY} bytes",
        )
    return text


@dataclass(frozen=True)
class BucketLocation:
    """`BUCKET[/PREFIX]` of a cloud bucket's URL; the prefix is empty or ends with a slash."""

    scheme: str
    bucket: str
    prefix: str = ""

    @classmethod
    def parse(cls, scheme: str, rest: str) -> Self:
        """Read what follows `SCHEME://`; raises InvalidSetting."""
        bucket, _, prefix = rest.partition("/")
        prefix = prefix.rstrip("/")
        if not _BUCKET.fullmatch(bucket) or (prefix and not is_key(prefix)):
            raise InvalidSetting(
                f"'{scheme}://{rest}' is not a bucket URL",
                hint=f"Use {scheme}://bucket or {scheme}://bucket/prefix",
            )
        return cls(scheme, bucket, f"{prefix}/" if prefix else "")

    def __str__(self) -> str:
        return f"{self.scheme}://{self.bucket}/{self.prefix}".rstrip("/")
