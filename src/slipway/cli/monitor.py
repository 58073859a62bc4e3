"""`slipway monitor`: the tag monitor as a process, where there are no cloud functions."""

import time

import click


@click.command()
@click.option("--once", is_flag=True, help="Reconcile once; exit 1 when there are problems.")
def command(once: bool) -> None:
    """Render the manifests of what stands in the channels into the deploy bucket, again and again
    at the interval of monitor.interval, until it is ended."""
    from slipway import wiring
    from slipway.domain.errors import SlipwayError
    from slipway.settings import load

    settings = load()
    monitor = wiring.tag_monitor(settings, click.echo)
    if once:
        raise SystemExit(1 if monitor.reconcile().problems else 0)
    while True:
        try:
            monitor.reconcile()
        except SlipwayError as error:
            if not error.transient:
                raise
            click.echo(f"{error.message}; trying again", err=True)
        time.sleep(settings.monitor.interval)
