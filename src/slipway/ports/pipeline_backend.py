"""Port: what runs pipelines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import BinaryIO, Protocol

from slipway.ports.pipeline_graph import Step

Argument = str | int | float | bool | Sequence[str]


class Kind(StrEnum):
    """What a parameter takes."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "true or false"
    LIST = "list"


@dataclass(frozen=True)
class Parameter:
    """One declared input of a pipeline; without a default it has to be given."""

    name: str
    kind: Kind
    default: Argument | None
    description: str


class Status(StrEnum):
    """How a run or one of its tasks stands."""

    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class TaskState:
    """One task of a run. Times are unix seconds, 0 when not there yet."""

    name: str
    status: Status = Status.WAITING
    started: float = 0.0
    ended: float = 0.0


@dataclass(frozen=True)
class RunError:
    """Why a run failed, as `slipway.domain.errors` would say it."""

    code: str
    message: str
    hint: str = ""


@dataclass(frozen=True)
class Commit:
    """The pushed code that a run is for."""

    id: str  # the full hash
    repository: str = ""
    ref: str = ""  # refs/heads/…
    folder: str = ""  # its files on this machine, which a local run imports from


@dataclass(frozen=True)
class Origin:
    """Where a run comes from."""

    actor: str = ""  # who started it
    commit: Commit | None = None


UNKNOWN = Origin()


@dataclass(frozen=True)
class Artifact:
    """One file that a run's tasks made."""

    name: str  # TASK/OUTPUT, or TASK/OUTPUT/FILE of an output with many files
    path: str  # names it to `open_artifact`
    size: int  # bytes
    kind: str  # media type, by the file's name


@dataclass(frozen=True)
class Confusion:
    """How often a model gave which answer: a row for each true label, a column for each answer."""

    name: str  # TASK/OUTPUT
    labels: Sequence[str]
    rows: Sequence[Sequence[float]]


@dataclass(frozen=True)
class RunState:
    """One run. Times are unix seconds, 0 when not there yet."""

    id: str
    pipeline: str
    status: Status
    started: float
    ended: float = 0.0
    tasks: Sequence[TaskState] = ()
    version: str = ""  # what the run's task output `version` said
    metrics: Mapping[str, float] = field(default_factory=dict)  # likewise `metrics`
    error: RunError | None = None
    location: str = ""  # where its log and artifacts are, for people
    actor: str = ""  # who started it
    commit: Commit | None = None
    queued: float = 0.0  # when it was asked for, if it had to wait

    @property
    def asked(self) -> float:
        """When somebody wanted it, unix seconds."""
        return self.queued or self.started

    @property
    def over(self) -> bool:
        """Whether nothing more will happen."""
        return self.status not in (Status.WAITING, Status.RUNNING)


class PipelineBackend(Protocol):
    """Runs pipelines by name, one after the other or many at once.

    NotFound for a pipeline or run that there is not; MissingTool when what the backend is made
    of is not installed; Unavailable, Denied, DiskFull as the name says.
    """

    def pipelines(self) -> Sequence[str]:
        """The names of all pipelines, sorted."""

    def parameters(self, pipeline: str) -> Sequence[Parameter]:
        """What a pipeline declares, in its own order."""

    def description(self, pipeline: str) -> str:
        """What a pipeline says of itself; empty when it says nothing."""

    def graph(self, pipeline: str) -> Sequence[Step]:
        """The steps of a pipeline, each after those that it waits for."""

    def start(
        self,
        pipeline: str,
        arguments: Mapping[str, Argument],
        origin: Origin = UNKNOWN,
        *,
        queue: bool = False,
    ) -> RunState:
        """Begin a run and return at once; what is not in `arguments` takes its default. With
        `queue` it waits until `admit` lets it begin; a cluster has a queue of its own."""

    def admit(self, limit: int) -> Sequence[RunState]:
        """Let waiting runs begin, the oldest first, while fewer than `limit` run; those that
        began."""

    def state(self, run_id: str) -> RunState:
        """How a run stands now."""

    def arguments(self, run_id: str) -> Mapping[str, Argument]:
        """What the run was started with."""

    def run_graph(self, run_id: str) -> Sequence[Step]:
        """The steps of a run, as its pipeline was when it began; before that, as it is now."""

    def log(self, run_id: str, offset: int = 0) -> tuple[str, int]:
        """What the run wrote from `offset` on, a part at a time, and where to go on. The text is
        empty at the log's end, which is no end while the run is not over. InvalidInput for an
        offset below 0."""

    def log_size(self, run_id: str) -> int:
        """Where the log ends now, as an offset."""

    def artifacts(self, run_id: str) -> Sequence[Artifact]:
        """The files that the run's tasks made so far, by path."""

    def open_artifact(self, run_id: str, path: str) -> BinaryIO:
        """One of `artifacts` to read; NotFound for any other path."""

    def confusions(self, run_id: str) -> Sequence[Confusion]:
        """The confusion matrices that the run's tasks made so far."""

    def last_words(self, run_id: str) -> str:
        """The last line of the form `NAME: …` that the run's tasks wrote, as they do to tell how
        they get on; empty when there is none."""

    def runs(self) -> Sequence[RunState]:
        """All runs, newest first."""

    def cancel(self, run_id: str) -> RunState:
        """End a run and everything it started; a run that is over stays as it is."""
