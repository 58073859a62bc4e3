"""Ships what the serving containers have kept: complete segments of predictions.

A segment is `spool/SLOT/NANOSECONDS-XXXXXXXX.jsonl` and never changes. It goes, compressed, to
`predictions/DEVICE/SLOT/` under its own name and is deleted when the bucket has it: at least once,
and a second time over the first. The serving container keeps the spool's cap; what it had to drop
it counts in `spool/SLOT/dropped`.
"""

import gzip
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from slipway_agent.sinks import Sink

_LARGEST = 4 * 1024 * 1024  # bytes of one segment; more is none of ours
_SUFFIX = ".jsonl"


class Backlog(NamedTuple):
    """What the spool holds and has lost."""

    pending: int  # bytes
    dropped: int  # records


def ship(spool: Path, sink: Sink, device: str) -> int:
    """Send the segments that there are, oldest first; how many. AgentError from the first that
    does not go, and OSError, leave the rest for the next time."""
    sent = 0
    for segment in _segments(spool):
        data = gzip.compress(segment.read_bytes(), mtime=0)
        sink.write(f"predictions/{device}/{segment.parent.name}/{segment.name}.gz", data)
        segment.unlink(missing_ok=True)
        sent += 1
    return sent


def backlog(spool: Path) -> Backlog:
    """How much waits, and how many records are lost, over all slots."""
    pending = dropped = 0
    for file in spool.glob("*/*"):
        with suppress(OSError, ValueError):  # on its way, or not what it should be
            if file.suffix == _SUFFIX:
                pending += file.stat().st_size
            elif file.name == "dropped":
                dropped += int(file.read_text())
    return Backlog(pending, dropped)


def _segments(spool: Path) -> Iterator[Path]:
    found = [
        file
        for file in spool.glob(f"*/[0-9]*{_SUFFIX}")
        if file.is_file() and not file.is_symlink() and file.stat().st_size <= _LARGEST
    ]
    yield from sorted(found, key=lambda file: file.name)
