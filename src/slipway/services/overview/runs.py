"""The pipeline runs of the last day."""

from collections.abc import Iterable
from dataclasses import dataclass

from slipway.ports.pipeline_backend import RunState, Status
from slipway.services.problem import Problem

LATELY = 86_400.0  # seconds


@dataclass(frozen=True)
class FailedRun:
    """A run that failed lately, and whether its pipeline has succeeded since."""

    id: str
    pipeline: str
    message: str
    mended: bool


@dataclass(frozen=True)
class RecentRuns:
    """What runs and waits now, and how the last day's runs ended; ids with the newest first."""

    running: tuple[str, ...]
    waiting: tuple[str, ...]
    succeeded: int
    failed: tuple[FailedRun, ...]


def recent_runs(states: Iterable[RunState], now: float) -> RecentRuns:
    """Sum up the runs."""
    found = sorted(states, key=lambda state: state.asked, reverse=True)
    lately = [state for state in found if state.over and now - state.ended <= LATELY]
    good: dict[str, float] = {}  # pipeline → when one of it last succeeded
    for state in lately:
        if state.status is Status.SUCCEEDED:
            good[state.pipeline] = max(good.get(state.pipeline, 0.0), state.ended)
    return RecentRuns(
        tuple(state.id for state in found if state.status is Status.RUNNING),
        tuple(state.id for state in found if state.status is Status.WAITING),
        sum(state.status is Status.SUCCEEDED for state in lately),
        tuple(
            FailedRun(
                state.id,
                state.pipeline,
                state.error.message if state.error else "it says no reason",
                good.get(state.pipeline, 0.0) > state.ended,
            )
            for state in lately
            if state.status is Status.FAILED
        ),
    )


def run_problems(runs: RecentRuns, *, runner: bool) -> list[Problem]:
    """Pipelines whose last run failed; runs that nobody will let begin (`runner`: it runs)."""
    newest: dict[str, FailedRun] = {}
    for each in runs.failed:
        if not each.mended:
            newest.setdefault(each.pipeline, each)
    found = [
        Problem(
            f"pipeline {each.pipeline}",
            "run-failed",
            f"run {each.id} failed: {each.message}",
            f"slipway runs {each.id} shows where and why",
        )
        for each in newest.values()
    ]
    if runs.waiting and not runner:
        message = f"{len(runs.waiting)} runs wait, and no runner lets them begin"
        found.append(Problem("runs", "stopped", message, "slipway up starts it"))
    return found
