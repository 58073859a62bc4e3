"""Take a user's folder of labelled images: checked, upright, RGB, as PNG."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from slipway.domain.errors import InvalidDataset, InvalidInput, NotFound
from slipway_components.folder import appearing
from slipway_components.ingest.picture import BadPicture, convert, pillow_warnings
from slipway_components.ingest.tree import Entry, entries
from slipway_components.progress import say, track

_SHOWN = 20  # bad files in one message


def ingest(
    source: Path,
    output: Path,
    *,
    on_bad: Literal["refuse", "skip"] = "refuse",
    size: int | None = None,
) -> None:
    """Copy `LABEL/FILE` and `LABEL/GROUP/FILE` (JPEG, PNG, BMP, WebP) to `output` as PNG.

    EXIF orientation is applied, transparency laid on white. `size`: the longest side in pixels,
    larger images are shrunk. A file that is no image, truncated or absurdly large is bad:
    `on_bad` says whether all bad files are named in one error and nothing is written, or they are
    named and left out. The folder appears complete or not at all.

    Raises NotFound, InvalidDataset (bad files, an empty label, fewer than two labels),
    AlreadyExists, DiskFull, Denied.
    """
    if on_bad not in ("refuse", "skip"):
        raise InvalidInput(f"on_bad is {on_bad!r}", hint="It is refuse or skip")
    if size is not None and not 16 <= size <= 16384:
        raise InvalidInput(f"size is {size}", hint="It goes from 16 to 16384 pixels")
    if not source.is_dir():
        raise NotFound(f"there is no folder {source}", hint="Give a folder with LABEL/FILE images")
    found = entries(source)
    bad: list[str] = []
    kept: dict[str, int] = {entry.label: 0 for entry in found}
    with appearing(output) as folder:

        def one(entry: Entry) -> str:
            try:
                convert(entry.file, folder / entry.path, size)
            except BadPicture as error:
                return f"{entry.file.relative_to(source)}: {error}"
            return ""

        with pillow_warnings(), _threads() as pool:
            fates = track(pool.map(one, found), "ingest", total=len(found), unit="images")
            for entry, fate in zip(found, fates, strict=True):
                kept[entry.label] += not fate
                if fate:
                    bad.append(fate)
                    if on_bad == "skip":
                        say(f"ingest: skipped {fate}")
        if bad and on_bad == "refuse":
            raise InvalidDataset(
                f"{len(bad)} of {len(found)} files in {source} cannot be used:\n  {_list(bad)}",
                hint="Remove or replace them, or let ingest skip bad files",
            )
        for label, count in kept.items():
            if count == 0:
                raise InvalidDataset(
                    f"label {label!r} in {source} has no image that can be used",
                    hint="Put images in or remove the folder",
                )
    for label, count in kept.items():
        say(f"ingest: {label}: {count} images")


def _list(lines: list[str]) -> str:
    more = [f"… and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    return "\n  ".join(lines[:_SHOWN] + more)


@contextmanager
def _threads() -> Iterator[ThreadPoolExecutor]:
    """Pillow lets go of the interpreter's lock while it decodes, so threads are enough."""
    pool = ThreadPoolExecutor(len(os.sched_getaffinity(0)))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
