"""`slipway status`: what of the local installation runs."""

from dataclasses import asdict

import click

from slipway.cli.output import json_option, print_json, print_table


@click.command(short_help="Show what of the local installation runs.")
@json_option
def command(as_json: bool) -> None:
    """Show each part of the local installation: whether it runs, where, and its log."""
    from slipway.local import stack
    from slipway.settings import load

    parts = stack.status(load())
    if as_json:
        print_json([asdict(part) for part in parts])
        return
    print_table(
        ("part", "state", "where", "log"),
        [
            (part.name, f"runs ({part.pid})" if part.running else "stopped", part.where, part.log)
            for part in parts
        ],
    )
    if not all(part.running for part in parts):
        click.echo("Start it with: slipway up")
