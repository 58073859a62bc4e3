"""What a run leaves in its folder that the demo goes on with: images, split, weights."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from slipway.domain.errors import Failed


@dataclass(frozen=True)
class Material:
    """Files of a run; empty paths before there was one."""

    images: Path = Path()  # LABEL/GROUP/FILE
    split: Path = Path()
    weights: Path = Path()

    @classmethod
    def of(cls, run: Path) -> Self:
        """Find them in a run's folder; Failed where it was changed."""
        return cls(_only(run, "images"), _only(run, "parts"), _only(run, "model.keras"))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Those that an earlier demo noted in `demo.json`; none when it is not there."""
        try:
            noted = json.loads(path.read_text())["material"]
            return cls(Path(noted["images"]), Path(noted["split"]), Path(noted["weights"]))
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return cls()

    @property
    def complete(self) -> bool:
        """Whether all of it is still there."""
        return self.images.is_dir() and self.split.is_file() and self.weights.is_file()

    def unseen(self, number: int) -> Path:
        """One of the images that no training has seen; another one for each number."""
        test = sorted(json.loads(self.split.read_text())["test"])
        return self.images / str(test[number * 7 % len(test)])


def _only(run: Path, name: str) -> Path:
    found = sorted(run.rglob(name))
    if not found:
        raise Failed(f"{run} holds no {name}", hint="The run's folder was changed; run it again")
    return found[0]
