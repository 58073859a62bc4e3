"""The graph of a run: how its steps stand, and where they are drawn."""

import random
import re
from collections.abc import Sequence
from itertools import combinations

import pytest

from slipway.console.graph import Box, Drawing, draw
from slipway.console.steps import StepState, plan_of, steps_of
from slipway.ports.pipeline_backend import RunState, Status, TaskState
from slipway.ports.pipeline_graph import Step, StepKind

DIAMOND = (
    Step("a"),
    Step("b", ("a",)),
    Step("c", ("a",)),
    Step("d", ("a", "b", "c")),
    Step("e", ("a",)),
    Step("f", ("d", "e")),
)


def _random_graph(seed: int, depth: int = 0) -> tuple[Step, ...]:
    chance = random.Random(seed)
    steps: list[Step] = []
    for number in range(chance.randint(1, 14)):
        names = [step.name for step in steps]
        after = tuple(sorted(chance.sample(names, chance.randint(0, min(3, len(names))))))
        nested = depth < 2 and chance.random() < 0.15
        inner = _random_graph(seed * 100 + number, depth + 1) if nested else ()
        kind = StepKind.LOOP if inner else StepKind.TASK
        steps.append(Step(f"s{number}", after, kind, steps=inner))
    return tuple(steps)


def _check(drawing: Drawing, steps: tuple[Step, ...]) -> None:
    boxes = {box.state.step.name: box for box in drawing.boxes}
    assert set(boxes) == {step.name for step in steps}
    for step in steps:
        box = boxes[step.name]
        assert 0 <= box.x <= box.x + box.width <= drawing.width + 0.01
        assert 0 <= box.y <= box.y + box.height <= drawing.height + 0.01
        for before in step.after:
            assert boxes[before].y + boxes[before].height < box.y, (before, step.name)
        if box.inner:
            assert box.left >= 0
            assert box.left + box.inner.width <= box.width
            assert box.top + box.inner.height <= box.height
            _check(box.inner, step.steps)
    for one, other in combinations(drawing.boxes, 2):
        assert _apart(one, other), (one.state.step.name, other.state.step.name)
    for line in drawing.lines:
        _check_line(line, drawing.boxes)


def _apart(one: Box, other: Box) -> bool:
    return (
        one.x + one.width < other.x
        or other.x + other.width < one.x
        or one.y + one.height < other.y
        or other.y + other.height < one.y
    )


def _check_line(line: str, boxes: Sequence[Box]) -> None:
    """Where the line goes straight down beside a layer, no box is in its way."""
    for x, top, bottom in re.findall(r" ([\d.]+) ([\d.]+)V([\d.]+)", line):
        for box in boxes:
            if box.y < float(bottom) and float(top) < box.y + box.height:
                assert not box.x < float(x) < box.x + box.width, box.state.step.name


@pytest.mark.parametrize("seed", range(60))
def test_steps_stand_below_those_they_come_after_and_apart(seed: int) -> None:
    steps = _random_graph(seed)
    _check(draw(plan_of(steps)), steps)


def test_lines_that_others_imply_are_left_out() -> None:
    drawing = draw(plan_of(DIAMOND))
    boxes = {box.state.step.name: box for box in drawing.boxes}
    assert len(drawing.lines) == len({"ab", "ac", "bd", "cd", "ae", "df", "ef"})
    assert boxes["b"].y == boxes["c"].y == boxes["e"].y
    starts = sorted(line.partition("C")[0] for line in drawing.lines)
    middle = boxes["a"].x + boxes["a"].width / 2
    assert sum(start == f"M{middle:.1f} {boxes['a'].height:.1f}" for start in starts) == 3


def test_nothing_is_drawn_of_no_steps() -> None:
    assert draw(()) == Drawing(0, 0, [], [])


def _words(states: tuple[StepState, ...]) -> dict[str, str]:
    return {each.step.name: each.word for state in states for each in state.flat()}


LOOP = (
    Step("first"),
    Step("loop", ("first",), StepKind.LOOP, "items", (Step("one"), Step("two", ("one",)))),
)


@pytest.mark.parametrize(
    ("run", "one", "two", "loop"),
    [
        (Status.RUNNING, Status.WAITING, Status.WAITING, "waiting"),
        (Status.RUNNING, Status.RUNNING, Status.WAITING, "running"),
        (Status.RUNNING, Status.SUCCEEDED, Status.WAITING, "running"),
        (Status.RUNNING, Status.SUCCEEDED, Status.SUCCEEDED, "succeeded"),
        (Status.FAILED, Status.SUCCEEDED, Status.FAILED, "failed"),
        (Status.FAILED, Status.FAILED, Status.WAITING, "failed"),
        (Status.CANCELLED, Status.CANCELLED, Status.WAITING, "cancelled"),
        (Status.SUCCEEDED, Status.WAITING, Status.WAITING, "not run"),
    ],
)
def test_a_group_stands_as_what_is_in_it(run: Status, one: Status, two: Status, loop: str) -> None:
    tasks = [
        TaskState("first", Status.SUCCEEDED, 1.0, 2.0),
        TaskState("one", one, 3.0 if one is not Status.WAITING else 0.0, 4.0),
        TaskState("two", two, 5.0 if two is not Status.WAITING else 0.0, 9.0),
    ]
    states = steps_of(RunState("x", "x", run, 1.0, tasks=tasks), LOOP)
    assert _words(states)["loop"] == loop
    if loop == "succeeded":
        assert states[1].duration == 6.0
    if loop in ("waiting", "not run"):
        assert states[1].duration is None


def test_tasks_whose_graph_is_not_known_are_listed() -> None:
    tasks = [TaskState("first", Status.SUCCEEDED, 1.0, 2.0), TaskState("second")]
    states = steps_of(RunState("x", "x", Status.FAILED, 1.0, tasks=tasks), ())
    assert _words(states) == {"first": "succeeded", "second": "not run"}
