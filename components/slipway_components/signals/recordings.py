"""Recordings of sensors, as every step of a signal's pipeline finds them: LABEL/NAME.npz."""

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from slipway.domain.errors import InvalidDataset
from slipway_components.folder import wrapped
from slipway_features.signal import Signal

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+ -]*")


@dataclass(frozen=True, eq=False)
class Recording:
    """One stretch of samples that a sensor took without a break."""

    label: str
    name: str  # unique within the label
    values: Signal  # float64[samples, axes]
    rate: float  # Hz; 0 when it is irregular or unknown
    axes: tuple[str, ...]
    source: str = ""  # LABEL/NAME of what it was cut from, when several were cut from one

    @property
    def group(self) -> str:
        """Recordings of one group are never on two sides of a split."""
        return self.source or f"{self.label}/{self.name}"


def write(folder: Path, recording: Recording) -> Path:
    """Write `folder`/LABEL/NAME.npz and return its path; the same recording gives the same bytes.

    Raises InvalidDataset for a label or name that cannot be one of a file, for values that are no
    signal of the axes, and for a name that is taken.
    """
    path = folder / recording.label / f"{recording.name}.npz"
    for word in (recording.label, recording.name):
        if not _NAME.fullmatch(word):
            raise InvalidDataset(
                f"{word!r} cannot be the name of a file",
                hint="Use letters, digits, blanks and _ . + - in labels and names",
            )
    shape = recording.values.shape
    if (
        len(shape) != 2
        or shape[1] != len(recording.axes)
        or not np.isfinite(recording.values).all()
    ):
        raise InvalidDataset(
            f"{path.relative_to(folder)} holds {list(shape)} values, not finite ones of"
            f" [samples, {', '.join(recording.axes)}]",
            hint="Mend or remove the recording",
        )
    if path.exists():
        raise InvalidDataset(
            f"there are two recordings {recording.label}/{recording.name}",
            hint="Rename one of the files",
        )
    with wrapped(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(
            path,
            values=recording.values,
            rate=np.float64(recording.rate),
            axes=np.array(recording.axes),
            source=np.array(recording.source),
        )
    return path


def read(path: Path) -> Recording:
    """Read one file; raises InvalidDataset when it is none that `write` wrote."""
    try:
        # Opened here: NumPy leaves a file open that turns out to be damaged.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as held:
            return Recording(
                label=path.parent.name,
                name=path.stem,
                values=held["values"].astype(np.float64, casting="safe"),
                rate=float(held["rate"]),
                axes=tuple(str(axis) for axis in held["axes"]),
                source=str(held["source"]),
            )
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise InvalidDataset(
            f"{path} is no recording: {type(error).__name__} {error}", hint="Gather the data again"
        ) from error


def read_all(folder: Path) -> list[Recording]:
    """All recordings of a folder, by label and name; raises InvalidDataset when there is none."""
    paths = sorted(folder.glob("*/*.npz"))
    if not paths:
        raise InvalidDataset(f"{folder} holds no recordings", hint="Gather the data again")
    return [read(path) for path in paths]
