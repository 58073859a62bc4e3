"""Data where a task can read it: in a folder."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from slipway.domain.errors import NotFound
from slipway.wiring import open_bucket
from slipway_components.progress import track


@contextmanager
def local_folder(data: str) -> Iterator[Path]:
    """The folder `data` itself, or a copy of the bucket with that URL while the block lasts.

    Raises NotFound for an empty bucket, and what buckets raise.
    """
    if "://" not in data:
        yield Path(data)
        return
    with tempfile.TemporaryDirectory() as scratch:
        _download(data, Path(scratch))
        yield Path(scratch)


def _download(url: str, folder: Path) -> None:
    bucket = open_bucket(url)
    found = list(bucket.objects())
    if not found:
        raise NotFound(f"{url} holds no data", hint="Put it there as LABEL/FILE")
    for entry in track(found, "download", total=len(found), unit="files"):
        path = folder / entry.key
        path.parent.mkdir(parents=True, exist_ok=True)
        bucket.download(entry.key, path)
