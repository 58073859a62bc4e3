"""How a folder of labelled images is laid out."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from slipway.domain.errors import InvalidDataset

_IGNORED = {"thumbs.db", "desktop.ini"}  # what file managers leave; dot-names are ignored as well


@dataclass(frozen=True)
class Entry:
    """One file that should be an image, and its path in the dataset."""

    file: Path
    label: str
    path: PurePosixPath  # LABEL/FILE.png or LABEL/GROUP/FILE.png


def entries(source: Path) -> list[Entry]:
    """All files in `LABEL/` and `LABEL/GROUP/`, in order of their paths.

    Raises InvalidDataset for an empty label, fewer than two labels, a file outside a label's
    folder, or folders nested deeper.
    """
    found: list[Entry] = []
    labels = _visible(source)
    for entry in labels:
        if not entry.is_dir():
            raise InvalidDataset(
                f"{entry} lies outside a label's folder", hint="Move it into a folder LABEL/"
            )
    if len(labels) < 2:
        names = ", ".join(repr(entry.name) for entry in labels) or "none"
        raise InvalidDataset(
            f"{source} has fewer than two labels: {names}", hint="Make one folder for each label"
        )
    for label in labels:
        before = len(found)
        found += _pictures(label, label.name, PurePosixPath(label.name))
        for group in _visible(label):
            if group.is_dir():
                found += _pictures(group, label.name, PurePosixPath(label.name, group.name))
                deeper = next((path for path in _visible(group) if path.is_dir()), None)
                if deeper:
                    raise InvalidDataset(
                        f"{deeper} is nested too deep", hint="Use LABEL/FILE or LABEL/GROUP/FILE"
                    )
        if len(found) == before:
            raise InvalidDataset(
                f"label {label.name!r} in {source} is empty",
                hint="Put images in or remove the folder",
            )
    return found


def _pictures(folder: Path, label: str, path: PurePosixPath) -> list[Entry]:
    files = [entry for entry in _visible(folder) if not entry.is_dir()]
    stems = Counter(file.stem.lower() for file in files)
    return [
        Entry(
            file, label, path / f"{file.stem if stems[file.stem.lower()] == 1 else file.name}.png"
        )
        for file in files
    ]


def _visible(folder: Path) -> list[Path]:
    return sorted(
        entry
        for entry in folder.iterdir()
        if not entry.name.startswith(".") and entry.name.lower() not in _IGNORED
    )
