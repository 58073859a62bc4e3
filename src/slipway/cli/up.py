"""`slipway up`: start the local installation."""

import click


@click.command(short_help="Start the local registry and functions.")
def command() -> None:
    """Start the registry, the functions and the events between them, the runner of queued runs
    and the web console, on loopback unless console.host says otherwise.

    What runs already is left alone. State and logs lie in .slipway/run, keys in .slipway/keys.
    """
    from slipway import wiring
    from slipway.local import stack
    from slipway.settings import load

    settings = load()
    if wiring.make_embedded_keys(settings):
        click.echo(f"keys          made in {settings.keys}; see docs/trust.md where to keep them")
    wiring.check_before_start(settings)
    stack.up(settings, click.echo)
