"""`slipway sign`: a person's signature for what waits."""

import sys
from dataclasses import asdict

import click

from slipway.cli import _complete
from slipway.cli.output import ask_secret, json_option, print_json


@click.command()
@click.argument("channel", shell_complete=_complete.channels)
@click.option(
    "--key", required=True, metavar="FILE-or-URI", help="Private key, or its signer's URI."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def command(channel: str, key: str, yes: bool, as_json: bool) -> None:
    """Show what waits for CHANNEL (all, or root for changes of keys), ask on a terminal, and sign
    it. With enough signatures the tag monitor publishes it."""
    from slipway import wiring
    from slipway.adapters.key_uris import KeyUris
    from slipway.cli._trust_view import show_waiting
    from slipway.settings import load

    pending = wiring.pending_signatures(load())
    shown = pending.show(channel)
    if not as_json:
        for line in shown.changes:
            click.echo(line)
        if not yes and sys.stdin.isatty():
            click.confirm("sign this?", abort=True)
    waiting = pending.sign(shown, KeyUris([key], ask_secret))
    if as_json:
        print_json({"changes": shown.changes, "waiting": [asdict(each) for each in waiting]})
    else:
        show_waiting(waiting)
