"""What a model registry keeps of a run for people to look at: plots, and confusion matrices.

A confusion matrix is a JSON file with `labels` and `matrix`; a PNG of the same name shows the same.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from slipway.ports.model_registry import ModelRegistry
from slipway.ports.pipeline_backend import Confusion
from slipway.services.model_output import CARD

_JSON, _PICTURE = ".json", ".png"


@dataclass(frozen=True)
class RunReports:
    """The files of one run."""

    files: Sequence[str]
    confusions: Sequence[Confusion]  # named as their files, without the ending

    @property
    def plots(self) -> Sequence[str]:
        """The pictures that say something that the matrices do not."""
        drawn = {confusion.name + _PICTURE for confusion in self.confusions}
        return [name for name in self.files if name.endswith(_PICTURE) and name not in drawn]


def run_reports(models: ModelRegistry, run_id: str) -> RunReports:
    """What a run left; errors of the registry."""
    files = models.files(run_id)
    found = [
        _confusion(models.read_file(run_id, name), name.removesuffix(_JSON))
        for name in files
        if name.endswith(_JSON) and name != CARD
    ]
    return RunReports(files, [confusion for confusion in found if confusion])


def _confusion(data: bytes, name: str) -> Confusion | None:
    """None for a file that is something else."""
    try:
        document = json.loads(data)
        labels = tuple(map(str, document["labels"]))
        rows = tuple(tuple(map(float, row)) for row in document["matrix"])
    except (ValueError, KeyError, TypeError):
        return None
    square = {len(rows), *map(len, rows)} == {len(labels)}
    return Confusion(name, labels, rows) if square else None
