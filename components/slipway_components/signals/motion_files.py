"""Recordings of a phone's accelerometer: Edge Impulse's JSON and CBOR, and CSV."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from slipway.domain.errors import InvalidDataset
from slipway.domain.system_errors import os_errors
from slipway_components.signals import edge_impulse
from slipway_components.signals.recordings import Recording
from slipway_features.reading import read

AXES: Final = ("x", "y", "z")
SUFFIXES: Final = (*edge_impulse.SUFFIXES, ".csv")

_SENSORS: Final = ("accX", "accY", "accZ")  # Edge Impulse's names of the axes
_CLOCK: Final = "timestamp"  # its column of milliseconds in CSV
_UNITS: Final = ("", "m/s2", "m/s²")


def load(source: Path, key: bytes | None = None) -> Iterator[Recording]:
    """The recordings LABEL.NAME.json and LABEL.NAME.cbor of a folder, and LABEL/FILE in any of the
    formats, sorted. With a `key`, the signature of each Edge Impulse file has to be right.

    Raises InvalidDataset naming the file and what is wrong with it.
    """
    for label, path in _labelled(source):
        yield replace(load_file(path, key), label=label)


def load_file(path: Path, key: bytes | None = None) -> Recording:
    """One recording, whose label is what its name begins with; errors as for `load`."""
    label = path.name.partition(".")[0]
    if path.suffix.lower() == ".csv":
        if key is not None:
            raise InvalidDataset(
                f"{path} is not signed: CSV never is", hint="Leave it out, or the key"
            )
        return _from_csv(path, label)
    if path.suffix.lower() in edge_impulse.SUFFIXES:
        return _from_acquisition(path, label, key)
    raise InvalidDataset(f"{path} is none of {', '.join(SUFFIXES)}", hint="Convert or remove it")


def _labelled(source: Path) -> Iterator[tuple[str, Path]]:
    for entry in _visible(source):
        if entry.is_dir():
            files = _visible(entry)
            if not files:
                raise InvalidDataset(
                    f"label {entry.name!r} in {source} is empty",
                    hint="Put recordings in or remove the folder",
                )
            yield from ((entry.name, file) for file in files)
        elif entry.name.count(".") > 1 and entry.suffix.lower() in edge_impulse.SUFFIXES:
            yield entry.name.partition(".")[0], entry
        else:
            raise InvalidDataset(
                f"{entry} has no label",
                hint="Name it LABEL.NAME.json or LABEL.NAME.cbor, or move it into a folder LABEL/",
            )


def _visible(folder: Path) -> list[Path]:
    return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))


def _from_acquisition(path: Path, label: str, key: bytes | None) -> Recording:
    acquired = edge_impulse.read(path, key)
    names = _SENSORS if _SENSORS[0] in acquired.sensors else AXES
    columns = []
    for name in names:
        if acquired.sensors.count(name) != 1:
            raise InvalidDataset(
                f"{path}: the axis {name!r} is not there once; there are "
                f"{', '.join(acquired.sensors) or 'none'}",
                hint="All three axes of the accelerometer are needed",
            )
        columns.append(acquired.sensors.index(name))
        units = acquired.units[columns[-1]]
        if units not in _UNITS:
            raise InvalidDataset(f"{path}: {name} is in {units!r}", hint="Record it in m/s2")
    return Recording(label, path.stem, acquired.values[:, columns], acquired.rate, AXES)


def _from_csv(path: Path, label: str) -> Recording:
    """The header names x, y, z or accX, accY, accZ; with a column of time, the rate is known."""
    with os_errors(str(path)):
        content = path.read_bytes()
    header = content.partition(b"\n")[0].decode(errors="replace").replace('"', " ")
    columns = [name.strip() for name in header.lstrip("\ufeff").split(",")]
    names = _SENSORS if _SENSORS[0] in columns else AXES
    try:
        if _CLOCK not in columns:
            return Recording(label, path.stem, read(content, names, "csv").values, 0.0, AXES)
        timed = read(content, (_CLOCK, *names), "csv").values
        return Recording(label, path.stem, timed[:, 1:], _rate(timed[:, 0]), AXES)
    except ValueError as error:
        raise InvalidDataset(f"{path}: {error}", hint="Mend or remove it") from error


def _rate(milliseconds: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> float:
    if len(milliseconds) < 2:
        return 0.0
    interval = float(np.median(np.diff(milliseconds)))
    if not interval > 0:
        raise ValueError(f"{_CLOCK} does not rise")
    return 1000 / interval
