"""Where a bucket is read, by the scheme of the bucket's URL."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from slipway_agent.errors import InvalidOption
from slipway_agent.sources.base import Source

__all__ = ["Source", "open_source"]

_KNOWN = "file:///FOLDER, https://HOST/PATH, http://HOST/PATH, gs://BUCKET[/PREFIX], s3://BUCKET[/PREFIX]"


def open_source(url: str) -> Source:
    """The source at `url`; InvalidOption, or MissingExtra for a bucket that needs a package.

    Nothing is sent yet: whether the bucket exists shows when it is read.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise InvalidOption("the bucket's URL does not parse", hint=f"Use {_KNOWN}") from error
    if parts.query or parts.fragment:
        raise InvalidOption("the bucket's URL has a query or a fragment", hint=f"Use {_KNOWN}")
    path = unquote(parts.path).strip("/")
    if parts.scheme == "file" and parts.netloc in ("", "localhost") and parts.path.startswith("/"):
        from slipway_agent.sources.folder import FolderSource

        return FolderSource(Path("/") / path)
    if parts.scheme in ("http", "https") and parts.hostname:
        from slipway_agent.sources.http import HttpSource

        return HttpSource(
            secure=parts.scheme == "https",
            host=parts.hostname,
            port=port,
            path=parts.path.rstrip("/"),
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
        )
    if parts.scheme == "gs" and parts.netloc and "@" not in parts.netloc:
        from slipway_agent.sources.gcs import GcsSource

        return GcsSource(parts.netloc, path)
    if parts.scheme == "s3" and parts.netloc and "@" not in parts.netloc:
        from slipway_agent.sources.s3 import S3Source

        return S3Source(parts.netloc, path)
    shown = url if "@" not in url else f"{parts.scheme}://…"
    raise InvalidOption(f"{shown!r} is not the URL of a bucket", hint=f"Use {_KNOWN}")
