"""What commands share to speak to people and to machines."""

import json
import sys
from collections.abc import Sequence

import click

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")


def ask_secret(what: str) -> str:
    """Ask for a PIN or a passphrase, on the terminal; without one it is the next line of input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    answer: str = click.prompt(what, hide_input=True, err=True)
    return answer


def print_json(document: object) -> None:
    """One JSON document on standard output."""
    click.echo(json.dumps(document, indent=2))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table that fits the terminal; as wide as it needs to be in a pipe or file."""
    from rich.console import Console
    from rich.table import Table

    table = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else 10_000).print(table)
