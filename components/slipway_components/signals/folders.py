"""A user's folder of recordings, LABEL/FILE."""

from collections.abc import Iterator
from pathlib import Path

from slipway.domain.errors import InvalidDataset
from slipway_components.signals.recordings import Recording
from slipway_features.reading import read


def labelled_files(source: Path, suffix: str) -> list[tuple[str, Path]]:
    """(label, file) of all that lies in `source`/LABEL/, sorted; dot-names are left out.

    Raises InvalidDataset for a file outside a label's folder, one without the suffix, and an empty
    label.
    """
    found: list[tuple[str, Path]] = []
    for folder in _visible(source):
        if not folder.is_dir():
            raise InvalidDataset(
                f"{folder} lies outside a label's folder", hint="Move it into a folder LABEL/"
            )
        files = _visible(folder)
        if not files:
            raise InvalidDataset(
                f"label {folder.name!r} in {source} is empty",
                hint="Put recordings in or remove the folder",
            )
        for file in files:
            if file.suffix.lower() != suffix or not file.is_file():
                raise InvalidDataset(f"{file} is no {suffix} file", hint="Convert or remove it")
            found.append((folder.name, file))
    return found


def load_signals(source: Path, suffix: str, axes: tuple[str, ...]) -> Iterator[Recording]:
    """The recordings LABEL/NAME`suffix`, in a format that the device reads too; raises
    InvalidDataset naming the file and what is wrong with it."""
    for label, file in labelled_files(source, suffix):
        try:
            reading = read(file.read_bytes(), axes)
        except (OSError, ValueError) as error:
            raise InvalidDataset(f"{file}: {error}", hint="Mend or remove it") from error
        yield Recording(label, file.stem, reading.values, reading.rate, axes)


def _visible(folder: Path) -> list[Path]:
    return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
