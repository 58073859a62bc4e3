"""Shows runs: their tasks as they go, and what they made."""

import time
from collections.abc import Callable, Sequence

import click

from slipway.cli.output import print_json, print_table
from slipway.domain.errors import Unavailable
from slipway.ports.pipeline_backend import (
    Parameter,
    PipelineBackend,
    RunState,
    Status,
    TaskState,
)

_POLL, _REMOTE_POLL = 0.2, 2.0  # seconds between two looks, here and at a server
_PATIENCE = 300.0  # seconds that a server may be away while a run is watched
_MARKS = {
    Status.WAITING: "·",
    Status.RUNNING: "▸",
    Status.SUCCEEDED: "✓",
    Status.FAILED: "✗",
    Status.CANCELLED: "✗",
}


def follow(backend: PipelineBackend, run_id: str) -> RunState:
    """Show a run on standard error until it is over: live on a terminal, else a line for each
    task that ends."""
    from rich.console import Console

    if Console(stderr=True).is_terminal:
        return _follow_live(backend, run_id)
    told: set[str] = set()
    click.echo(f"run {run_id}", err=True)
    return _watch(backend, run_id, lambda state: _tell_new(state, told))


def document(state: RunState, backend: str) -> dict[str, object]:
    """A run for machines."""
    return {
        "run": state.id,
        "pipeline": state.pipeline,
        "backend": backend,
        "status": state.status,
        "version": state.version,
        "metrics": dict(state.metrics),
        "seconds": round(seconds(state), 1),
        "tasks": {task.name: round(seconds(task), 1) for task in state.tasks},
        "folder": state.location,
        "actor": state.actor,
        "commit": state.commit.id if state.commit else "",
    }


def log_of(state: RunState) -> str:
    """Where people read what the run wrote."""
    return state.location if _remote(state) else f"{state.location}/log"


def _remote(state: RunState) -> bool:
    return state.location.startswith("http")


def seconds(state: RunState | TaskState) -> float:
    """How long a run or task has taken, until now when it is not over; 0 before it began."""
    return (state.ended or time.time()) - state.started if state.started else 0.0


def show_end(state: RunState) -> None:
    """What a run that went well made."""
    metrics = {name: value for name, value in state.metrics.items() if "/" not in name}
    click.echo(f"{state.version or state.id} in {seconds(state):.1f} s")
    for name in ("accuracy", "accuracy_float", "quantisation_loss"):
        if name in metrics:
            click.echo(f"  {name.replace('_', ' ')} {metrics[name]:.4f}")
    click.echo(f"  {state.location}")


def show_parameters(parameters: Sequence[Parameter], *, as_json: bool) -> None:
    """What a pipeline takes."""
    if as_json:
        print_json(
            [
                {"name": p.name, "kind": p.kind, "default": p.default, "description": p.description}
                for p in parameters
            ]
        )
        return
    print_table(
        ("parameter", "kind", "default", "description"),
        [
            (p.name, p.kind, "" if p.default is None else _text(p.default), p.description)
            for p in parameters
        ],
    )


def _text(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _watch(backend: PipelineBackend, run_id: str, see: Callable[[RunState], None]) -> RunState:
    seen, pause = time.monotonic(), _POLL
    while True:
        try:
            state = backend.state(run_id)
        except Unavailable:
            if time.monotonic() - seen > _PATIENCE:
                raise
        else:
            see(state)
            if state.over:
                return state
            seen = time.monotonic()
            pause = _REMOTE_POLL if _remote(state) else _POLL
        time.sleep(pause)


def _tell_new(state: RunState, told: set[str]) -> None:
    for task in state.tasks:
        if task.ended and task.name not in told:
            told.add(task.name)
            click.echo(f"{_MARKS[task.status]} {task.name:<12} {seconds(task):7.1f} s", err=True)


def _follow_live(backend: PipelineBackend, run_id: str) -> RunState:
    from rich.console import Console
    from rich.live import Live
    from rich.table import Table
    from rich.text import Text

    def table(state: RunState) -> Table:
        rows = Table(box=None, pad_edge=False, show_header=False)
        styles = {Status.SUCCEEDED: "green", Status.FAILED: "red", Status.RUNNING: "bold cyan"}
        for task in state.tasks:
            words = backend.last_words(run_id) if task.status is Status.RUNNING else ""
            took = f"{seconds(task):.1f} s" if task.started else ""
            rows.add_row(
                Text(f"{_MARKS[task.status]} {task.name}", styles.get(task.status, "dim")),
                Text(took, justify="right"),
                Text(words, "dim", overflow="ellipsis", no_wrap=True),
            )
        return rows

    console = Console(stderr=True)
    console.print(f"run {run_id}", highlight=False)
    with Live(console=console, auto_refresh=False) as live:
        return _watch(backend, run_id, lambda state: live.update(table(state), refresh=True))
