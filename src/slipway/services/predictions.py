"""What devices have predicted, from the reports bucket.

A device ships `predictions/DEVICE/SLOT/NANOSECONDS-XXXXXXXX.jsonl.gz`, at least once; a record
carries an id of its own, by which one that came twice is read once.
"""

import gzip
import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from slipway.domain.errors import NotFound
from slipway.ports.bucket import Bucket

FOLDER = "predictions/"
_LARGEST = 8 * 1024 * 1024  # bytes of one batch, unpacked


@dataclass(frozen=True)
class Wish:
    """Which predictions to read; empty or 0: all."""

    device: str = ""
    model: str = ""
    version: str = ""
    since: float = 0.0  # unix seconds


def predictions(
    bucket: Bucket, wish: Wish, say: Callable[[str], None]
) -> Iterator[Mapping[str, Any]]:
    """The records, batch by batch in order of device, slot and time, each with its `device`.
    `say` is told of what cannot be read."""
    seen: set[str] = set()
    for each in bucket.objects(f"{FOLDER}{wish.device}/" if wish.device else FOLDER):
        try:
            _, device, _, batch = each.key.split("/")
            if int(batch.partition("-")[0]) < (wish.since - 3600) * 1e9:
                continue  # complete long before; a segment lasts a minute
            records = list(_records(bucket.read(each.key)))
        except NotFound:
            continue  # removed just now
        except (ValueError, EOFError, OSError) as error:
            say(f"{bucket.url}/{each.key} is no batch of predictions: {error}")
            continue
        for record in records:
            if record["id"] not in seen and _wished(record, wish):
                seen.add(record["id"])
                yield {**record, "device": device}


def _records(data: bytes) -> Iterator[dict[str, Any]]:
    with gzip.open(io.BytesIO(data)) as file:
        unpacked = file.read(_LARGEST + 1)
    if len(unpacked) > _LARGEST:
        raise ValueError(f"it unpacks to more than {_LARGEST} bytes")
    for line in unpacked.splitlines(keepends=True):
        if not line.endswith(b"\n"):
            return  # its writer was cut off
        record = json.loads(line)
        if not isinstance(record, dict) or not {"id", "time", "model", "version"} <= set(record):
            raise ValueError("a line is no prediction")
        yield record


def _wished(record: Mapping[str, Any], wish: Wish) -> bool:
    return (
        wish.model in ("", record["model"])
        and wish.version in ("", record["version"])
        and float(record["time"]) >= wish.since
    )
