"""`slipway runner`: let waiting runs begin."""

import time

import click


@click.command(short_help="Let waiting runs begin; slipway up starts it.")
def command() -> None:
    """Let runs that wait begin, as many at once as runs.limit says, until it is ended.

    Runs go on without it, and those that wait are found again.
    """
    from slipway.services.runner import Runner
    from slipway.settings import load
    from slipway.wiring import pipeline_backend

    settings = load()
    Runner(pipeline_backend(settings), settings.runs.limit, _say).run()


def _say(text: str) -> None:
    click.echo(f"{time.strftime('%Y-%m-%dT%H:%M:%S')} {text}")
