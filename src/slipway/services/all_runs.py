"""The runs of all pipeline backends, alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slipway.domain.errors import NotFound, SlipwayError
from slipway.ports.pipeline_backend import PipelineBackend, RunState, Status


@dataclass(frozen=True)
class Run:
    """A run and the name of the backend that has it."""

    backend: str
    state: RunState


@dataclass(frozen=True)
class AllRuns:
    """What the backends know, newest first, and what is wrong with those that do not answer."""

    runs: Sequence[Run]
    problems: Sequence[SlipwayError]


def all_runs(backends: Mapping[str, PipelineBackend]) -> AllRuns:
    """The runs of all backends; one that does not answer hides no other's."""
    runs: list[Run] = []
    problems: list[SlipwayError] = []
    for name, backend in backends.items():
        try:
            runs += [Run(name, state) for state in backend.runs()]
        except SlipwayError as problem:
            problems.append(problem)
    return AllRuns(sorted(runs, key=lambda run: run.state.asked, reverse=True), problems)


def find_run(backends: Mapping[str, PipelineBackend], run_id: str) -> Run:
    """A run by its id; NotFound, and what a backend raises that might have it."""
    for name, backend in backends.items():
        try:
            return Run(name, backend.state(run_id))
        except NotFound:
            continue
    raise NotFound(f"there is no run {run_id!r}", hint="slipway runs lists them")


@dataclass(frozen=True)
class Wanted:
    """Which runs are asked for; empty texts ask for any."""

    pipeline: str = ""
    status: str = ""
    actor: str = ""
    text: str = ""  # somewhere in id, version, commit or reason, whatever the case

    def has(self, run: Run) -> bool:
        """Whether a run is one of them."""
        state = run.state
        commit = state.commit.id if state.commit else ""
        reason = state.error.message if state.error else ""
        told = (state.id, state.version, commit, reason)
        return (
            self.pipeline in ("", state.pipeline)
            and self.status in ("", state.status)
            and self.actor in ("", state.actor)
            and any(self.text.casefold() in part.casefold() for part in told)
        )


def place_in_queue(runs: Sequence[Run], run: Run) -> int:
    """How many of the runs that wait where `run` waits begin no later than it; 1 is next."""
    key = (run.state.asked, run.state.id)
    return sum(
        other.backend == run.backend
        and other.state.status is Status.WAITING
        and (other.state.asked, other.state.id) <= key
        for other in runs
    )
