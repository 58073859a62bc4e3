"""`slipway run`: run a pipeline, here or on a cluster, and watch it."""

import signal
from types import FrameType

import click

from slipway.cli import _complete
from slipway.cli.output import json_option, print_json


@click.command()
@click.argument("pipeline", shell_complete=_complete.pipelines)
@click.option("-p", "--param", "params", multiple=True, metavar="KEY=VALUE", help="A parameter.")
@click.option(
    "--backend",
    "where",
    type=click.Choice(["local", "kubeflow"]),
    default="local",
    show_default=True,
    help="Where it runs.",
)
@click.option("--detach", is_flag=True, help="Queue it, print its id, and do not wait.")
@click.option("--list", "listing", is_flag=True, help="List the pipeline's parameters.")
@json_option
def command(
    pipeline: str,
    params: tuple[str, ...],
    where: str,
    *,
    detach: bool,
    listing: bool,
    as_json: bool,
) -> None:
    """Run PIPELINE and show its tasks as they go. Ctrl-C ends the run and all it started.

    On this machine it is a process of its own, and everything of the run stays in
    .slipway/runs/RUN_ID: log, parameters, artifacts. On a Kubeflow Pipelines server (see
    kubeflow.host in the settings) its tasks run in the image kubeflow.image.
    """
    from slipway.cli import _run_view as run_view
    from slipway.local import stack
    from slipway.services.run_errors import as_exception
    from slipway.services.start_run import cancel, start
    from slipway.settings import load
    from slipway.wiring import LOCAL, command_trail, pipeline_backend, run_defaults

    settings = load()
    backend = pipeline_backend(settings, where)
    if listing:
        run_view.show_parameters(backend.parameters(pipeline), as_json=as_json)
        return
    trail = command_trail(settings)
    if detach:
        state = start(backend, run_defaults(settings), pipeline, params, trail=trail, queue=True)
        if as_json:
            print_json(run_view.document(state, where))
        else:
            click.echo(state.id)
        if where == LOCAL and not stack.runner(settings).find():
            click.echo("It waits until the runner is there: slipway up", err=True)
        return
    signal.signal(signal.SIGTERM, _interrupt)
    run_id = start(backend, run_defaults(settings), pipeline, params, trail=trail).id
    try:
        state = run_view.follow(backend, run_id)
    except BaseException:
        for number in (signal.SIGINT, signal.SIGTERM):  # once is enough, and this ends in seconds
            signal.signal(number, signal.SIG_IGN)
        cancel(backend, run_id, trail=trail)
        raise
    if state.error:
        raise as_exception(state.error, run_view.log_of(state))
    if as_json:
        print_json(run_view.document(state, where))
    else:
        run_view.show_end(state)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
