"""What a pipeline consists of: its steps and which of them come after which."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum


class StepKind(StrEnum):
    """What a step is."""

    TASK = "task"
    GROUP = "group"  # a pipeline within the pipeline, branches, or what an exit task comes after
    CONDITION = "condition"
    LOOP = "loop"


@dataclass(frozen=True)
class Step:
    """A task of a pipeline, or several steps that are under one condition or in one loop."""

    name: str  # tasks of one name, in pipelines within one, have one state
    after: tuple[str, ...] = ()  # those beside it that have to be over before
    kind: StepKind = StepKind.TASK
    detail: str = ""  # the condition, or what the loop goes over
    steps: "tuple[Step, ...]" = ()  # of what is no task, each after those that it waits for


def tasks_of(steps: Sequence[Step]) -> Iterator[str]:
    """The names of all tasks, those in groups too, in their order."""
    for step in steps:
        if step.kind is StepKind.TASK:
            yield step.name
        else:
            yield from tasks_of(step.steps)
