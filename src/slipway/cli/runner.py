"""`slipway runner`: fire schedules and let waiting runs begin."""

import time
from functools import partial

import click


@click.command()
def command() -> None:
    """Queue the runs of schedules whose time has come, and let runs that wait begin, as many at
    once as runs.limit says, until it is ended.

    Runs go on without it, and those that wait are found again.
    """
    from slipway import wiring
    from slipway.services.runner import Runner
    from slipway.services.schedules import fire_due
    from slipway.settings import load

    settings = load()
    backend = wiring.pipeline_backend(settings)
    schedules, log = wiring.local_schedules(settings), wiring.audit_log(settings)

    def fire() -> None:
        fire_due(
            schedules,
            backend,
            defaults=partial(wiring.run_defaults, settings),
            log=log,
            now=time.time(),
            say=_say,
        )

    Runner(backend, settings.runs.limit, fire, _say).run()


def _say(text: str) -> None:
    click.echo(f"{time.strftime('%Y-%m-%dT%H:%M:%S')} {text}")
