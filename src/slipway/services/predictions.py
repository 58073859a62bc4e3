"""What devices have predicted, from the reports bucket.

A device ships `predictions/DEVICE/SLOT/NANOSECONDS-XXXXXXXX.jsonl.gz`, at least once; a record
carries an id of its own, by which one that came twice is read once.
"""

import gzip
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from slipway.domain.errors import NotFound
from slipway.ports.bucket import Bucket

FOLDER = "predictions/"
_LARGEST = 8 * 1024 * 1024  # bytes of one batch, unpacked
_LAST = 253_402_300_800  # unix seconds: the year 10000
_BATCHES = 100  # that are read for the newest records of a slot


@dataclass(frozen=True)
class Wish:
    """Which predictions to read; empty or 0: all."""

    device: str = ""
    model: str = ""
    version: str = ""
    since: float = 0.0  # unix seconds


@dataclass(frozen=True)
class Line:
    """What a table tells of a record."""

    time: float  # unix seconds
    device: str
    version: str
    label: str  # the best one
    score: float | None
    latency: float | None  # milliseconds
    input: str  # its path, or its digest


def line_of(record: Mapping[str, Any]) -> Line:
    """A record as a table tells it; what is not as it should be is left out."""
    top = record.get("top")
    best = top[0] if isinstance(top, list) and top and isinstance(top[0], dict) else {}
    given = record.get("input")
    told = given if isinstance(given, dict) else {}
    return Line(
        time=float(record["time"]),
        device=str(record["device"]),
        version=str(record["version"]),
        label=str(best.get("label", "")),
        score=_number(best.get("score")),
        latency=_number(record.get("latency_ms")),
        input=str(told.get("path") or told.get("sha256", ""))[:40],
    )


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
        except ValueError as error:
            say(f"{bucket.url}/{each.key} is no batch of predictions: {error}")
            continue
        for record in _batch(bucket, each.key, say):
            if record["id"] not in seen and _wished(record, wish):
                seen.add(record["id"])
                yield {**record, "device": device}


def newest_predictions(
    bucket: Bucket,
    device: str,
    slots: Iterable[str],
    *,
    count: int,
    now: float,
    say: Callable[[str], None],
) -> list[Mapping[str, Any]]:
    """The `count` newest records of a device's slots, newest first, out of as few batches as that
    takes. `say` is told of what cannot be read."""
    found: dict[str, Mapping[str, Any]] = {}
    for slot in slots:
        enough = len(found) + count
        for key in islice(_newest_first(bucket, f"{FOLDER}{device}/{slot}/", now), _BATCHES):
            records = _batch(bucket, key, say)
            found |= {record["id"]: {**record, "device": device} for record in records}
            if len(found) >= enough:
                break
    return sorted(found.values(), key=lambda record: -float(record["time"]))[:count]


def _newest_first(bucket: Bucket, folder: str, now: float) -> Iterator[str]:
    """The batches of a slot. Their names begin with their times: the last hours are listed first,
    and the months before only when whoever asks goes on."""
    listed: set[str] = set()
    for digits in (6, 5, 0):  # of nanoseconds: 3 hours, 28 hours, ever
        begins = str(int(now * 1e9))[:digits]
        keys = {info.key for info in bucket.objects(f"{folder}{begins}")} - listed
        yield from sorted(keys, reverse=True)
        listed |= keys


def _batch(bucket: Bucket, key: str, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """The records of one object; none, and `say` is told why, when it is no batch."""
    try:
        return list(_records(bucket.read(key)))
    except NotFound:
        return []  # removed just now
    except (ValueError, TypeError, EOFError, OSError) as error:
        say(f"{bucket.url}/{key} is no batch of predictions: {error}")
        return []


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
        if not 0 <= float(record["time"]) < _LAST:
            raise ValueError("a prediction is of no time")
        yield record


def _wished(record: Mapping[str, Any], wish: Wish) -> bool:
    return (
        wish.model in ("", record["model"])
        and wish.version in ("", record["version"])
        and float(record["time"]) >= wish.since
    )


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
