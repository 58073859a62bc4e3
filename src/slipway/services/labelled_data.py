"""A user's labelled folder, file by file: one that cannot be read is turned down, not the rest."""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from slipway_components.signals.recordings import Recording

from slipway.domain.errors import InvalidDataset, NotFound, SlipwayError
from slipway.domain.system_errors import os_errors
from slipway_features.reading import read

Load = Callable[[Path], Iterable[Recording]]


@dataclass(frozen=True)
class Rejected:
    """A file that nothing is asked about."""

    file: str  # its path in the folder
    why: str


@dataclass(frozen=True)
class Labelled:
    """A recording, and the file that it is from."""

    file: str
    recording: Recording


def recordings(data: Path, load: Load) -> Iterator[Labelled | Rejected]:
    """The recordings of the folder, as `load` reads a folder of that layout.

    It is given one file at a time, with those of the same name beside it that may annotate it.
    """
    for files in _units(data):
        name = str(files[0].relative_to(data))
        with tempfile.TemporaryDirectory() as scratch:
            staged = Path(scratch)
            for file in files:
                link = staged / file.relative_to(data)
                link.parent.mkdir(exist_ok=True)
                link.symlink_to(file.resolve())
            try:
                found = list(load(staged))
            except SlipwayError as error:
                why = error.message.replace(f"{scratch}/", "").removeprefix(f"{name}: ")
                yield Rejected(name, why)
                continue
        yield from (Labelled(name, recording) for recording in found)


def pictures(data: Path) -> Iterator[tuple[str, Path]]:
    """(label, file) of each file LABEL/FILE or LABEL/GROUP/FILE."""
    for folder in _visible(data):
        if not folder.is_dir():
            raise InvalidDataset(
                f"{folder} lies outside a label's folder", hint="Move it into a folder LABEL/"
            )
        for entry in _visible(folder):
            for file in _visible(entry) if entry.is_dir() else [entry]:
                yield folder.name, file


def plain(axes: tuple[str, ...]) -> Load:
    """Reads LABEL/FILE in the forms that a device takes: CSV, WAV, JSON."""

    def load(source: Path) -> Iterator[Recording]:
        for file in sorted(source.glob("*/*")):
            try:
                reading = read(file.read_bytes(), axes)
            except (OSError, ValueError) as error:
                raise InvalidDataset(f"{file}: {error}") from error
            yield Recording(file.parent.name, file.stem, reading.values, reading.rate, axes)

    return load


def _units(data: Path) -> Iterator[list[Path]]:
    """The files of each recording."""
    for entry in _visible(data):
        if entry.is_dir():
            for _, same in groupby(sorted(_visible(entry), key=_stem), _stem):
                files = list(same)
                # A sound's own name stands for it and its annotation.
                yield sorted(files, key=lambda file: file.suffix.lower() != ".wav")
        else:
            yield [entry]


def _stem(file: Path) -> str:
    return file.stem


def _visible(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise NotFound(f"{folder} is no folder", hint="Name a folder of labelled data")
    with os_errors(str(folder)):
        return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
