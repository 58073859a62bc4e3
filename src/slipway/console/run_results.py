"""What a run made, sorted for its page: pictures, matrices, files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from slipway.ports.pipeline_backend import Artifact, Confusion, PipelineBackend, RunState

# What a browser may show of a run's files: pictures that hold no program, by media type.
PICTURES: Mapping[str, bytes] = {
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff",
}
_FEW = 4  # pictures that an output of plots has at most; one with more is a set of images
_SHADES = 6  # of a matrix's cells


@dataclass(frozen=True)
class Output:
    """The files of one output of a task."""

    name: str  # TASK/OUTPUT
    files: Sequence[Artifact]

    @property
    def size(self) -> int:
        """Bytes of all of them."""
        return sum(file.size for file in self.files)


@dataclass(frozen=True)
class Cell:
    """One number of a matrix; `shade` goes with its share of the row, from 0."""

    count: float
    shade: int


@dataclass(frozen=True)
class Matrix:
    """A confusion matrix, ready to be shown."""

    name: str
    labels: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Cell]]]


@dataclass(frozen=True)
class Figures:
    """Metrics, ready to be shown."""

    whole: Sequence[tuple[str, float]]
    measures: Sequence[str]  # metrics that there are of each label: precision, recall, …
    labels: Sequence[tuple[str, Sequence[float | None]]]  # each label's, as `measures` names them


@dataclass(frozen=True)
class Results:
    """All that a run made so far."""

    outputs: Sequence[Output]
    pictures: Sequence[Artifact]
    matrices: Sequence[Matrix]
    figures: Figures

    @property
    def count(self) -> int:
        """How many files there are."""
        return sum(len(output.files) for output in self.outputs)


def results_of(backend: PipelineBackend, state: RunState) -> Results:
    """What the backend has of a run."""
    files = sorted(backend.artifacts(state.id), key=lambda artifact: artifact.name)
    outputs = [Output(name, list(group)) for name, group in groupby(files, _output)]
    pictures = [
        file
        for output in outputs
        for file in output.files
        if file.kind in PICTURES and len(output.files) <= _FEW
    ]
    matrices = [matrix_of(each) for each in backend.confusions(state.id)]
    return Results(outputs, pictures, matrices, figures_of(state.metrics))


def figures_of(metrics: Mapping[str, float]) -> Figures:
    """Metrics, `recall/bolt` among those of each label."""
    parted = {tuple(name.split("/", 1)): value for name, value in metrics.items()}
    measures = sorted({name[0] for name in parted if len(name) == 2})
    labels = sorted({name[1] for name in parted if len(name) == 2})
    return Figures(
        sorted((name[0], value) for name, value in parted.items() if len(name) == 1),
        measures,
        [(label, [parted.get((measure, label)) for measure in measures]) for label in labels],
    )


def _output(artifact: Artifact) -> str:
    return "/".join(artifact.name.split("/")[:2])


def matrix_of(confusion: Confusion) -> Matrix:
    """The same, with shades."""
    rows = []
    for label, counts in zip(confusion.labels, confusion.rows, strict=False):
        total = sum(counts) or 1
        cells = [Cell(count, round(count / total * (_SHADES - 1))) for count in counts]
        rows.append((label, cells))
    return Matrix(confusion.name, confusion.labels, rows)
