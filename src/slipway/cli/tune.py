"""`slipway tune`: search a pipeline's parameters within a budget of time."""

import contextlib
import io
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slipway.cli import _complete
from slipway.cli._progress import note
from slipway.cli.output import json_option, print_json, print_table

if TYPE_CHECKING:
    from slipway_components.signals.recordings import Recording
    from slipway_components.signals.tuning import Candidate, Tried


@click.command()
@click.argument("pipeline", shell_complete=_complete.pipelines)
@click.option(
    "--budget", default=600.0, show_default=True, type=click.FloatRange(1), help="Seconds."
)
@click.option("--data", help="A folder of recordings or its URL, as for slipway run; or synthetic.")
@click.option("-p", "--param", "params", multiple=True, metavar="KEY=VALUE", help="To begin with.")
@json_option
def command(
    pipeline: str, budget: float, data: str | None, params: tuple[str, ...], as_json: bool
) -> None:
    """Try windows, filters and networks for PIPELINE, each by training and cross-validating it.

    What is tried first are the pipeline's own parameters. No recording is on both sides of a
    split, and the answers are those of the int8 models. The best of many is a little flattered by
    having been chosen: its accuracy on new recordings is the one to trust.
    """
    from slipway_components.signals.tuning import tune

    from slipway.services.run_arguments import parse_arguments
    from slipway.settings import load
    from slipway.wiring import pipeline_backend

    given = [*params, *([f"data={data}"] if data else [])]
    declared = pipeline_backend(load()).parameters(pipeline)
    chosen = parse_arguments(pipeline, declared, given)
    parameters = {one.name: one.default for one in declared if one.default is not None} | chosen
    recordings = _gather(pipeline, parameters)
    found = []
    search = tune(pipeline, recordings, parameters, budget=budget)
    while tried := _next(search):
        found.append(tried.candidate)
        best = max(one.accuracy for one in found)
        note(
            f"{tried.number} of {tried.of}: {tried.candidate.accuracy:.1%} of windows with "
            f"{_words(tried.candidate.changed)}; best {best:.1%}, {tried.left:.0f} s left"
        )
    found.sort(key=lambda one: one.rank, reverse=True)
    line = _command_line(pipeline, given, found[0].changed)
    if as_json:
        print_json({"candidates": [_document(one) for one in found], "command": line})
        return
    print_table(
        ("windows", "recordings", "ms", "bytes", "parameters"),
        [
            (
                f"{one.accuracy:.1%}",
                f"{one.accuracy_recordings:.1%}",
                f"{one.milliseconds:.3f}",
                str(one.size),
                _words(one.changed),
            )
            for one in found
        ],
    )
    click.echo(f"\n{line}")


def _gather(pipeline: str, parameters: Mapping[str, Any]) -> "list[Recording]":
    from slipway_components.signals.gather.task import gather
    from slipway_components.signals.recordings import read_all

    with tempfile.TemporaryDirectory() as scratch, contextlib.redirect_stderr(io.StringIO()):
        folder = Path(scratch) / "recordings"
        gather(
            folder,
            name=pipeline,
            data=str(parameters["data"]),
            recordings=int(parameters["recordings"]),
            seed=int(parameters["seed"]),
            secret=str(parameters.get("hmac_key", "")),
        )
        return read_all(folder)


def _next(search: "Any") -> "Tried | None":
    """The next candidate; what its trainings tell of themselves is not shown."""
    with contextlib.redirect_stderr(io.StringIO()):
        tried: Tried | None = next(search, None)
    return tried


def _words(changed: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}={_text(value)}" for key, value in changed.items()) or "as given"


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _command_line(pipeline: str, given: Sequence[str], changed: Mapping[str, Any]) -> str:
    kept = [one for one in given if one.partition("=")[0] not in changed]
    texts = [*kept, *(f"{key}={_text(value)}" for key, value in changed.items())]
    return " ".join(["slipway", "run", pipeline, *(f"-p {_quoted(text)}" for text in texts)])


def _quoted(text: str) -> str:
    import shlex

    return shlex.quote(text)


def _document(candidate: "Candidate") -> dict[str, Any]:
    return {
        "changed": dict(candidate.changed),
        "accuracy": candidate.accuracy,
        "accuracy_recordings": candidate.accuracy_recordings,
        "latency_ms": candidate.milliseconds,
        "bytes": candidate.size,
    }
