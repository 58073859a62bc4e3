"""What commands share to speak to people and to machines."""

import json
import shutil
import sys
from collections.abc import Sequence

import click

from slipway.cli._table import layout

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


def tell(document: object, text: str, *, as_json: bool) -> None:
    """What a command did: a document for machines, or a text for people."""
    print_json(document) if as_json else click.echo(text)


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], empty: str = "") -> None:
    """A table that fits the terminal; as wide as it needs to be in a pipe or file. Without rows
    it is the text `empty`, if there is one."""
    if empty and not rows:
        click.echo(empty)
        return
    head, *body = layout([columns, *rows], _width())
    for line in head:
        click.echo(click.style(line, bold=True))
    for lines in body:
        for line in lines:
            click.echo(line)


def _width() -> int | None:
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None
