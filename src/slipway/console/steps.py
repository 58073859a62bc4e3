"""How the steps of a run stand: its graph and the states of its tasks, put together."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from slipway.ports.pipeline_backend import RunState, Status, TaskState
from slipway.ports.pipeline_graph import Step, StepKind

# The states as `m.state` shows them: kind of mark by word.
MARKS: Mapping[str, str] = {
    "waiting": "wait",
    "running": "busy",
    "succeeded": "good",
    "failed": "bad",
    "cancelled": "off",
    "not run": "off",
    "planned": "off",
}
_LOUDEST = ("failed", "running", "cancelled", "waiting", "succeeded", "not run", "planned")


@dataclass(frozen=True)
class StepState:
    """A step and how it stands; times are unix seconds, 0 when not there yet."""

    step: Step
    word: str  # one of MARKS
    depth: int  # in how many groups it is
    started: float = 0.0
    ended: float = 0.0
    inner: "tuple[StepState, ...]" = ()

    @property
    def mark(self) -> str:
        """The kind of mark that shows its state."""
        return MARKS[self.word]

    @property
    def duration(self) -> float | None:
        """Seconds that it took, or takes until now; None before it began."""
        if not self.started:
            return None
        return (self.ended or time.time()) - self.started

    def flat(self) -> "Iterator[StepState]":
        """This one and all in it."""
        yield self
        for each in self.inner:
            yield from each.flat()


def plan_of(steps: Sequence[Step]) -> tuple[StepState, ...]:
    """The steps of a pipeline that does not run."""
    return _states(steps, {}, "planned", 0)


def steps_of(state: RunState, graph: Sequence[Step]) -> tuple[StepState, ...]:
    """The steps of a run; tasks alone where their graph is not known."""
    tasks = {task.name: task for task in state.tasks}
    known = graph or [Step(name) for name in tasks]
    return _states(known, tasks, "not run" if state.over else "waiting", 0)


def _states(
    steps: Sequence[Step], tasks: Mapping[str, TaskState], idle: str, depth: int
) -> tuple[StepState, ...]:
    return tuple(_state(step, tasks, idle, depth) for step in steps)


def _state(step: Step, tasks: Mapping[str, TaskState], idle: str, depth: int) -> StepState:
    if step.kind is StepKind.TASK:
        task = tasks.get(step.name, TaskState(step.name))
        word = idle if task.status is Status.WAITING else str(task.status)
        return StepState(step, word, depth, task.started, task.ended)
    inner = _states(step.steps, tasks, idle, depth + 1)
    words = {each.word for each in inner}
    word = next((word for word in _LOUDEST if word in words), idle)
    if word == "waiting" and "succeeded" in words:
        word = "running"  # it is between two of its steps
    begins = [each.started for each in inner if each.started]
    goes_on = word == "running"
    return StepState(
        step,
        word,
        depth,
        min(begins, default=0.0),
        0.0 if goes_on else max((each.ended for each in inner), default=0.0),
        inner,
    )
