"""`slipway runs`: what was run, here and on a cluster."""

from datetime import datetime
from typing import TYPE_CHECKING

import click

from slipway.cli import _complete
from slipway.cli.output import json_option, print_json, print_table

if TYPE_CHECKING:
    from slipway.services.all_runs import Run


@click.command()
@click.argument("run_id", required=False, shell_complete=_complete.runs)
@click.option("--cancel", "cancelling", is_flag=True, help="End the run RUN_ID.")
@json_option
def command(run_id: str | None, cancelling: bool, as_json: bool) -> None:
    """List the pipeline runs of this machine, and those of the Kubeflow Pipelines server when
    kubeflow.host names one, newest first; or show the run RUN_ID with its tasks."""
    from slipway import wiring
    from slipway.cli._run_view import document, seconds
    from slipway.services.all_runs import Run, all_runs, find_run
    from slipway.services.start_run import cancel
    from slipway.settings import load

    settings = load()
    backends = wiring.pipeline_backends(settings)
    if run_id is not None:
        run = find_run(backends, run_id)
        if cancelling:
            trail = wiring.command_trail(settings)
            run = Run(run.backend, cancel(backends[run.backend], run_id, trail=trail))
        if as_json:
            print_json(document(run.state, run.backend))
        else:
            _show(run)
        return
    if cancelling:
        raise click.UsageError("--cancel needs a RUN_ID")
    found = all_runs(backends)
    if as_json:
        print_json([document(run.state, run.backend) for run in found.runs])
    else:
        print_table(
            ("run", "pipeline", "where", "status", "version", "asked", "seconds"),
            [
                (
                    run.state.id,
                    run.state.pipeline,
                    run.backend,
                    run.state.status,
                    run.state.version,
                    f"{datetime.fromtimestamp(run.state.asked):%Y-%m-%d %H:%M:%S}",
                    f"{seconds(run.state):.1f}",
                )
                for run in found.runs
            ],
            "Nothing was run yet: slipway run PIPELINE",
        )
    for problem in found.problems:
        raise problem


def _show(run: "Run") -> None:
    from slipway.cli._run_view import seconds

    state = run.state
    click.echo(f"{state.id}  {state.pipeline}  {run.backend}  {state.status}")
    for name, text in (
        ("by", state.actor),
        ("commit", state.commit.id if state.commit else ""),
        ("version", state.version),
        ("where", state.location),
        ("reason", state.error.message if state.error else ""),
        ("hint", state.error.hint if state.error else ""),
    ):
        if text:
            click.echo(f"  {name:<8} {text}")
    print_table(
        ("task", "status", "seconds"),
        [(task.name, task.status, f"{seconds(task):.1f}") for task in state.tasks],
    )
