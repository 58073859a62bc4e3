"""Where reports and predictions go, by the scheme of the URL."""

from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from slipway_agent.errors import InvalidOption

_KNOWN = "file:///FOLDER, https://HOST/PATH, http://HOST/PATH, gs://BUCKET[/PREFIX], s3://BUCKET[/PREFIX]"


class Sink(Protocol):
    """A bucket, or an endpoint that takes PUT, that this device may write to.

    `write` raises Denied, NotFound (no such bucket), Unavailable, DiskFull.
    """

    @property
    def url(self) -> str:
        """Where it is, without credentials."""

    def write(self, path: str, data: bytes) -> None:
        """Create or replace what is at a path, all of it at once."""


def open_sink(url: str) -> Sink:
    """The sink at `url`; InvalidOption, or MissingExtra for a bucket that needs a package."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise InvalidOption("the URL for reports does not parse", hint=f"Use {_KNOWN}") from error
    path = unquote(parts.path).strip("/")
    if parts.scheme == "file" and parts.netloc in ("", "localhost") and path:
        from slipway_agent.sinks.folder import FolderSink

        return FolderSink(Path("/") / path)
    if parts.scheme in ("http", "https") and parts.hostname and not parts.query:
        from slipway_agent.sinks.http import HttpSink

        return HttpSink(
            secure=parts.scheme == "https",
            host=parts.hostname,
            port=port,
            path=parts.path.rstrip("/"),
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
        )
    if parts.scheme == "gs" and parts.netloc and "@" not in parts.netloc:
        from slipway_agent.sinks.gcs import GcsSink

        return GcsSink(parts.netloc, path)
    if parts.scheme == "s3" and parts.netloc and "@" not in parts.netloc:
        from slipway_agent.sinks.s3 import S3Sink

        return S3Sink(parts.netloc, path)
    shown = url if "@" not in url else f"{parts.scheme}://…"
    raise InvalidOption(f"{shown!r} is no URL that reports can go to", hint=f"Use {_KNOWN}")
