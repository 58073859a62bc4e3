"""Reads compiled pipelines: the JSON document that kfp calls PipelineSpec.

What is read here: `root` and `components` hold graphs, `dag.tasks`, of tasks by name. A task names
its component, which is a graph again or one program; `dependentTasks` come before it;
`triggerPolicy.condition` says when it runs, `parameterIterator` or `artifactIterator` over what.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from slipway.ports.pipeline_backend import Argument, Kind, Parameter
from slipway.ports.pipeline_graph import Step, StepKind

Spec = Mapping[str, Any]

_KINDS = {
    "STRING": Kind.TEXT,
    "NUMBER_INTEGER": Kind.INTEGER,
    "NUMBER_DOUBLE": Kind.NUMBER,
    "BOOLEAN": Kind.BOOLEAN,
    "LIST": Kind.LIST,
}
_INPUT = re.compile(r"inputs\.parameter_values\['([^']*)'\]")
_CHANNEL = "pipelinechannel--"


def parameters(spec: Spec, order: Sequence[str]) -> Sequence[Parameter]:
    """The inputs of a pipeline in the order of their names in `order`."""
    declared = spec["root"].get("inputDefinitions", {}).get("parameters", {})
    return [_parameter(name, declared[name]) for name in order]


def _parameter(name: str, declared: Spec) -> Parameter:
    kind = _KINDS[declared["parameterType"]]
    default: Argument | None = None
    if declared.get("isOptional"):
        default = declared.get("defaultValue")
    if default is not None and kind is Kind.INTEGER:
        default = int(str(default).partition(".")[0])  # protobuf knows floats only
    return Parameter(name, kind, default, declared.get("description", ""))


def description(spec: Spec) -> str:
    """What the pipeline says of itself."""
    return str(spec.get("pipelineInfo", {}).get("description", ""))


def steps(spec: Spec) -> tuple[Step, ...]:
    """The graph of a pipeline."""
    return _steps(spec.get("root", {}), spec.get("components", {}))


def _steps(component: Spec, components: Spec) -> tuple[Step, ...]:
    tasks: Spec = component.get("dag", {}).get("tasks", {})
    return tuple(_step(name, tasks[name], components) for name in _in_order(tasks))


def _step(name: str, task: Spec, components: Spec) -> Step:
    component = components.get(task.get("componentRef", {}).get("name", ""), {})
    after = tuple(sorted(task.get("dependentTasks", ())))
    kind, detail = _kind(task, is_graph="dag" in component)
    return Step(name, after, kind, detail, _steps(component, components))


def _kind(task: Spec, *, is_graph: bool) -> tuple[StepKind, str]:
    if condition := task.get("triggerPolicy", {}).get("condition"):
        return StepKind.CONDITION, _INPUT.sub(lambda match: _source(match[1]), condition)
    if iterator := task.get("parameterIterator"):
        items = iterator.get("items", {})
        return StepKind.LOOP, items.get("raw") or _source(items.get("inputParameter", ""))
    if iterator := task.get("artifactIterator"):
        return StepKind.LOOP, _source(iterator.get("items", {}).get("inputArtifact", ""))
    return (StepKind.GROUP if is_graph else StepKind.TASK), ""


def _source(channel: str) -> str:
    """Where a value comes from, as people would write it: a parameter or a task's output."""
    plain = channel.removeprefix(_CHANNEL).removesuffix("-loop-item")
    return plain.removesuffix("-Output").replace("--", ".")


def _in_order(tasks: Spec) -> Sequence[str]:
    """The names, each after those that it depends on."""
    seen: set[str] = set()
    ordered: list[str] = []

    def visit(name: str) -> None:
        if name in tasks and name not in seen:
            seen.add(name)
            for before in sorted(tasks[name].get("dependentTasks", ())):
                visit(before)
            ordered.append(name)

    for name in sorted(tasks):
        visit(name)
    return ordered
