"""Recordings out of files and messages: JSON, CSV and WAV.

Trainers and the serving container read them with this code and no other. What is no recording of
the axes that are asked for raises ValueError, whose message says what is wrong where.
"""

import csv
import io
import json
import sys
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from slipway_features.signal import Signal, check
from slipway_features.wav import read_wav


@dataclass(frozen=True)
class Reading:
    """What a sensor measured."""

    values: Signal  # float64[samples, axes], finite, the axes in the order they were asked for
    rate: float = 0.0  # Hz; 0 where it is not said


def read(data: bytes, axes: tuple[str, ...], form: str = "", *, most: int = sys.maxsize) -> Reading:
    """Read `data` as the `form` json, csv or wav; empty: as whichever it looks like. `most`: how
    many values a recording may have, so that it takes no more than some 100 bytes of memory each.
    """
    if not data.strip():
        raise ValueError("the recording is empty")
    reading = _READERS[form or _looks_like(data)](data, axes, most)
    check(reading.values, axes)
    return reading


def _looks_like(data: bytes) -> str:
    if data.startswith(b"RIFF"):
        return "wav"
    return "json" if data.lstrip()[:1] == b"{" else "csv"


def _read_json(data: bytes, axes: tuple[str, ...], most: int) -> Reading:
    """`{"values": [[x, y, z], …] or [v, …], "axes"?: [name, …], "rate"?: Hz}`."""
    if data.count(b",") > most:
        raise _too_long(most)
    try:
        document = json.loads(data, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"it is not JSON: {error}") from error
    if not isinstance(document, dict) or not isinstance(document.get("values"), list):
        raise ValueError('it is not like {"values": [[0.1, 0.2, 0.3], …]}')  # noqa: TRY004  of JSON
    given = document.get("axes", list(axes))
    if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
        raise ValueError(f"axes {given!r} is not a list of names")
    rate = document.get("rate", 0.0)
    if not _number(rate) or not 0 <= rate < float("inf"):
        raise ValueError(f"rate {rate!r} is not a number of Hz")
    columns = _columns(given, axes)
    rows = document["values"]
    if len(given) == 1:
        rows = [row if isinstance(row, list) else [row] for row in rows]
    numbers = array("d")
    for index, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != len(given):
            raise ValueError(f"sample {index} is not a list of {len(given)}: {', '.join(given)}")
        for column in columns:
            if not _number(row[column]):
                raise ValueError(f"{given[column]} of sample {index} is no number: {row[column]!r}")
            numbers.append(row[column])
    return Reading(_signal(numbers, axes), float(rate))


def _read_csv(data: bytes, axes: tuple[str, ...], most: int) -> Reading:
    """One sample a line; a first line that is not of numbers names the columns, of which those
    that are no axes are left out. Without it there are exactly the axes."""
    lines = io.TextIOWrapper(io.BytesIO(data), "utf-8-sig", newline="")
    rows = csv.reader(lines, skipinitialspace=True)
    columns: list[int] = []
    width = 0
    numbers = array("d")
    try:
        for row in rows:
            if not row:
                continue
            if not columns:
                header = not all(_is_number(field) for field in row)
                columns, width = _csv_columns(row, axes, header=header), len(row)
                if header:
                    continue
            if len(row) != width:
                raise ValueError(f"line {rows.line_num} has {len(row)} columns, not {width}")
            for column in columns:
                if not _is_number(row[column]):
                    raise ValueError(f"line {rows.line_num}: {row[column]!r} is no number")
                numbers.append(float(row[column]))
            if len(numbers) > most:
                raise _too_long(most)
    except UnicodeDecodeError as error:
        raise ValueError(f"it is neither WAV nor JSON nor text: {error}") from error
    except csv.Error as error:
        raise ValueError(f"line {rows.line_num}: {error}") from error
    return Reading(_signal(numbers, axes))


def _read_wav(data: bytes, axes: tuple[str, ...], most: int) -> Reading:
    """A channel for each axis; full scale is 1."""
    if len(data) // 2 > most:
        raise _too_long(most)
    samples, rate = read_wav(data)
    if samples.shape[1] != len(axes):
        raise ValueError(f"it has {samples.shape[1]} channels, not {len(axes)}: {', '.join(axes)}")
    return Reading(samples, rate)


_READERS: Final[Mapping[str, Callable[[bytes, tuple[str, ...], int], Reading]]] = {
    "json": _read_json,
    "csv": _read_csv,
    "wav": _read_wav,
}


def _csv_columns(row: Sequence[str], axes: tuple[str, ...], *, header: bool) -> list[int]:
    if header:
        return _columns([name.strip() for name in row], axes)
    if len(row) != len(axes):
        raise ValueError(
            f"it has {len(row)} columns and no line that names them; the axes are {', '.join(axes)}"
        )
    return list(range(len(axes)))


def _columns(given: Sequence[str], axes: tuple[str, ...]) -> list[int]:
    """Where each axis is among the names."""
    for axis in axes:
        if given.count(axis) != 1:
            what = "missing" if axis not in given else "there more than once"
            raise ValueError(f"the axis {axis!r} is {what}; there are {', '.join(given)}")
    return [given.index(axis) for axis in axes]


def _signal(numbers: "array[float]", axes: tuple[str, ...]) -> Signal:
    if not numbers:
        raise ValueError("it has no samples")
    return np.frombuffer(numbers, np.float64).reshape(-1, len(axes))


def _too_long(most: int) -> ValueError:
    return ValueError(f"the recording has more than {most} values; give it in pieces")


def _number(value: Any) -> bool:
    """Whether it is a number of JSON that a float can hold."""
    return type(value) is float or (type(value) is int and abs(value) < 2**1000)


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number of JSON")
