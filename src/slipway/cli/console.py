"""`slipway console`: serve the web console."""

import click


@click.command()
def command() -> None:
    """Serve the web console until it is ended, on loopback unless console.host says otherwise.

    Beyond loopback people have to log in: slipway console-user add NAME.
    """
    from slipway.console.server import serve
    from slipway.settings import load

    serve(load(), click.echo)
