"""Edge Impulse's data acquisition format: readings with their sensors, in JSON or CBOR, signed.

    {"protected": {"ver": "v1", "alg": "HS256", …}, "signature": 64 hexadecimal digits,
     "payload": {"interval_ms": 16, "sensors": [{"name": "accX", "units": "m/s2"}, …],
                 "values": [[-0.7, -0.2, 9.9], …], …}}

The signature is the HMAC-SHA256 of the file with 64 zeros in the place of the signature.
"""

import hashlib
import hmac
import io
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slipway.domain.errors import InvalidDataset
from slipway.domain.system_errors import os_errors

SUFFIXES = (".json", ".cbor")

_DIGITS = 64
_MEND = "Record it again, or remove it"


@dataclass(frozen=True, eq=False)
class Acquisition:
    """What one file holds."""

    sensors: tuple[str, ...]
    units: tuple[str, ...]
    rate: float  # Hz
    values: NDArray[np.float64]  # [samples, sensors], finite


def read(path: Path, key: bytes | None) -> Acquisition:
    """Read a file and check its signature, unless there is no `key` to check it with.

    Raises InvalidDataset, which names the file and what is wrong with it.
    """
    with os_errors(str(path)):
        content = path.read_bytes()
    document = _parse(path, content)
    try:
        if key is not None:
            _check_signature(document, content, key)
        return _acquisition(document["payload"])
    except KeyError as error:
        raise InvalidDataset(f"{path}: {error.args[0]!r} is missing", hint=_MEND) from error
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidDataset(f"{path}: {error}", hint=_MEND) from error


def _parse(path: Path, content: bytes) -> Mapping[str, Any]:
    """The document; what is no JSON or CBOR, or goes on after its end, is refused."""
    import cbor2

    kind = path.suffix.lower().removeprefix(".").upper()
    try:
        if kind == "CBOR":
            stream = io.BytesIO(content)
            document = cbor2.load(stream)
            if stream.read(1):
                raise ValueError("there is more after its end")
        else:
            document = json.loads(content)
    except (ValueError, cbor2.CBORError, RecursionError, MemoryError) as error:
        words = (str(error) or type(error).__name__).splitlines()[0]
        raise InvalidDataset(f"{path} is not {kind}: {words}", hint=_MEND) from error
    if not isinstance(document, Mapping) or "payload" not in document:
        raise InvalidDataset(
            f"{path} is not in Edge Impulse's data acquisition format: it has no payload",
            hint="Give JSON and CBOR files as they are exported, or CSV with a header",
        )
    return document


def _check_signature(document: Mapping[str, Any], content: bytes, key: bytes) -> None:
    algorithm, signature = document["protected"]["alg"], document["signature"]
    if algorithm != "HS256":
        raise ValueError(f"it is signed with {algorithm!r}, not with HS256, and there is a key")
    if not isinstance(signature, str) or len(signature) != _DIGITS:
        raise ValueError(f"the signature is not {_DIGITS} hexadecimal digits")
    unsigned = content.replace(signature.encode(), b"0" * _DIGITS, 1)
    right = hmac.new(key, unsigned, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(right.encode(), signature.lower().encode()):
        raise ValueError("the signature is wrong: the file was changed, or the key is another")


def _acquisition(payload: Mapping[str, Any]) -> Acquisition:
    sensors = tuple(str(sensor["name"]) for sensor in payload["sensors"])
    interval = payload["interval_ms"]
    if not _is_number(interval) or not 0 < interval < float("inf"):
        raise ValueError(f"interval_ms is {interval!r}")
    rows = payload["values"]
    if not isinstance(rows, list):
        raise ValueError("values is no list of samples")  # noqa: TRY004  of a document
    for number, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != len(sensors):
            raise ValueError(f"sample {number} is not one value for each of {', '.join(sensors)}")
        for name, value in zip(sensors, row, strict=True):
            if not _is_number(value):
                raise ValueError(f"sample {number} of {name} is {value!r}, not a number")
            if not math.isfinite(value):
                raise ValueError(f"sample {number} of {name} is {value}")
    return Acquisition(
        sensors,
        tuple(str(sensor.get("units", "")) for sensor in payload["sensors"]),
        1000 / interval,
        np.array(rows, np.float64).reshape(-1, len(sensors)),
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
