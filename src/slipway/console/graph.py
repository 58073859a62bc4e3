"""Where the parts of a graph go when it is drawn, from top to bottom.

Steps stand in layers, each below all that it comes after; within a layer they are ordered by where
the steps before them stand (the barycentre heuristic of Sugiyama, Tagawa and Toda, 1981). A line
over several layers gets a place in each, so that it crosses no step. A group is a box that holds a
graph of its own. Lines that others imply are left out; the table beside the picture has them.
All measures are the picture's own units.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from slipway.console.steps import StepState
from slipway.ports.pipeline_graph import StepKind

WIDTH, HEIGHT = 190.0, 44.0  # of a task
_GAP_X, _GAP_Y = 22.0, 30.0  # between two, and between two layers
_PADDING, _TITLE = 14.0, 40.0  # around what is in a group, and above it
_PASS = 8.0  # the width that a line takes in a layer that it passes


@dataclass(frozen=True)
class Box:
    """A step where it stands; `x` and `y` are of its upper left corner in the drawing it is in."""

    state: StepState
    x: float
    y: float
    width: float
    height: float
    inner: "Drawing | None" = None  # of a group
    left: float = 0.0  # where that begins in the box
    top: float = 0.0


@dataclass(frozen=True)
class Drawing:
    """A graph as it is drawn."""

    width: float
    height: float
    boxes: Sequence[Box]
    lines: Sequence[str]  # the `d` of SVG paths


@dataclass
class _Node:
    """A step, or a line on its way through a layer."""

    width: float
    height: float
    layer: int
    box: Box | None
    x: float = 0.0
    y: float = 0.0

    @property
    def middle(self) -> float:
        return self.x + self.width / 2


def draw(states: Sequence[StepState]) -> Drawing:
    """Place the steps of a run or of a pipeline."""
    before = _needed({s.step.name: s.step.after for s in states})
    nodes: dict[str, _Node] = {}
    for state in states:  # each comes after those that it waits for
        layer = max((nodes[name].layer + 1 for name in before[state.step.name]), default=0)
        box = _box(state)
        nodes[state.step.name] = _Node(box.width, box.height, layer, box)
    chains = [
        _chain(nodes[one], nodes[name]) for name, names in before.items() for one in sorted(names)
    ]
    layers: dict[int, list[_Node]] = {}
    for node in (*nodes.values(), *(node for chain in chains for node in chain[1:-1])):
        layers.setdefault(node.layer, []).append(node)
    above: dict[int, list[_Node]] = {}
    for chain in chains:
        for upper, lower in pairwise(chain):
            above.setdefault(id(lower), []).append(upper)
    width, height = _arrange([layers[number] for number in sorted(layers)], above)
    boxes = [replace(node.box, x=node.x, y=node.y) for node in nodes.values() if node.box]
    return Drawing(width, height, boxes, [_line(chain) for chain in chains])


def _box(state: StepState) -> Box:
    if state.step.kind is StepKind.TASK:
        return Box(state, 0, 0, WIDTH, HEIGHT)
    inner = draw(state.inner)
    width = max(inner.width, WIDTH) + 2 * _PADDING
    height = _TITLE + inner.height + _PADDING
    return Box(state, 0, 0, width, height, inner, (width - inner.width) / 2, _TITLE)


def _needed(after: Mapping[str, Sequence[str]]) -> Mapping[str, set[str]]:
    """What each step comes after, without what others of those come after in turn."""
    all_before: dict[str, set[str]] = {}
    for name, names in after.items():
        known = [one for one in names if one in all_before]
        all_before[name] = {*known, *(b for one in known for b in all_before[one])}
    return {
        name: {
            one
            for one in names
            if one in all_before and not any(one in all_before.get(b, ()) for b in names)
        }
        for name, names in after.items()
    }


def _chain(upper: _Node, lower: _Node) -> list[_Node]:
    passing = [_Node(_PASS, 0, layer, None) for layer in range(upper.layer + 1, lower.layer)]
    return [upper, *passing, lower]


def _arrange(
    layers: Sequence[list[_Node]], above: Mapping[int, Sequence[_Node]]
) -> tuple[float, float]:
    """Give all nodes their place; width and height of the whole."""
    width = max((_row(layer) for layer in layers), default=0.0)
    y = 0.0
    for layer in layers:
        layer.sort(key=lambda node: _barycentre(above.get(id(node), ()), width))
        x = (width - _row(layer)) / 2
        height = max(node.height for node in layer)
        for node in layer:
            node.x, node.y = x, y
            node.height = node.height or height  # a line passes the whole layer
            x += node.width + _GAP_X
        y += height + _GAP_Y
    return width, max(0.0, y - _GAP_Y)


def _row(layer: Sequence[_Node]) -> float:
    return sum(node.width for node in layer) + _GAP_X * (len(layer) - 1)


def _barycentre(above: Sequence[_Node], width: float) -> float:
    return sum(node.middle for node in above) / len(above) if above else width / 2


def _line(chain: Sequence[_Node]) -> str:
    first = chain[0]
    path = f"M{first.middle:.1f} {first.y + first.height:.1f}"
    x, y = first.middle, first.y + first.height
    for node in chain[1:]:
        half = (node.y - y) / 2
        path += f"C{x:.1f} {y + half:.1f} {node.middle:.1f} {node.y - half:.1f}"
        path += f" {node.middle:.1f} {node.y:.1f}"
        if node.box is None:
            path += f"V{node.y + node.height:.1f}"
        x, y = node.middle, node.y + node.height
    return path
