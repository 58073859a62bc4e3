"""What a run left for people to look at: plots, and confusion matrices.

A confusion matrix is a JSON file with `labels` and `matrix`; a PNG of the same name shows the same.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from slipway.ports.model_registry import ModelRegistry
from slipway.services.model_output import CARD

_ONLY_ONE = "confusion"  # its name where there is but one


@dataclass(frozen=True)
class Confusion:
    """How often a true label (row) was answered with a label (column)."""

    name: str  # of the file, without its ending
    labels: tuple[str, ...]
    matrix: tuple[tuple[int, ...], ...]

    @property
    def counted(self) -> str:
        """What: windows, recordings; empty when the run does not say."""
        return "" if self.name == _ONLY_ONE else self.name

    @classmethod
    def parse(cls, data: bytes, name: str) -> Self | None:
        """Read the file NAME.json; None when it is something else."""
        try:
            document = json.loads(data)
            labels = tuple(map(str, document["labels"]))
            matrix = tuple(tuple(map(int, row)) for row in document["matrix"])
        except (ValueError, KeyError, TypeError):
            return None
        if {len(matrix), *map(len, matrix)} != {len(labels)}:
            return None
        return cls(name, labels, matrix)

    def share(self, row: int, column: int) -> float:
        """Of a true label, the share that got an answer, 0 to 1."""
        return self.matrix[row][column] / max(sum(self.matrix[row]), 1)


@dataclass(frozen=True)
class RunReports:
    """The files of one run."""

    files: Sequence[str]
    confusions: Sequence[Confusion]

    @property
    def plots(self) -> Sequence[str]:
        """The pictures that say something that the matrices do not."""
        drawn = {f"{confusion.name}.png" for confusion in self.confusions}
        return [name for name in self.files if name.endswith(".png") and name not in drawn]


def run_reports(models: ModelRegistry, run_id: str) -> RunReports:
    """What a run left; errors of the registry."""
    files = models.files(run_id)
    found = [
        Confusion.parse(models.read_file(run_id, name), name.removesuffix(".json"))
        for name in files
        if name.endswith(".json") and name != CARD
    ]
    return RunReports(files, [confusion for confusion in found if confusion])
