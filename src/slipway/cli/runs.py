"""`slipway runs`: what was run here."""

from datetime import datetime

import click

from slipway.cli.output import json_option, print_json, print_table


@click.command(short_help="List the runs on this machine.")
@json_option
def command(as_json: bool) -> None:
    """List the pipeline runs of this machine, newest first."""
    from slipway.cli._run_view import document, seconds
    from slipway.settings import load
    from slipway.wiring import pipeline_backend

    runs = pipeline_backend(load()).runs()
    if as_json:
        print_json([document(state) for state in runs])
        return
    print_table(
        ("run", "pipeline", "status", "version", "began", "seconds"),
        [
            (
                state.id,
                state.pipeline,
                state.status,
                state.version,
                f"{datetime.fromtimestamp(state.started):%Y-%m-%d %H:%M:%S}",
                f"{seconds(state):.1f}",
            )
            for state in runs
        ],
    )
