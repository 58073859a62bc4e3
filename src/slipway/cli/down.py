"""`slipway down`: stop everything that was started on this machine."""

import click


@click.command()
def command() -> None:
    """Cancel the runs that are under way, stop the local devices, then the functions and the
    registry. Nothing is deleted, and runs that wait begin after the next slipway up."""
    from slipway import wiring
    from slipway.local import devices, stack
    from slipway.ports.pipeline_backend import Status
    from slipway.services.start_run import cancel
    from slipway.settings import load

    settings = load()
    if stack.runner(settings).stop():  # before a waiting run takes the place of a cancelled one
        click.echo("runner stopped")
    backend = wiring.pipeline_backend(settings)
    for run in backend.runs():
        if run.status is Status.RUNNING:
            cancel(backend, run.id, trail=wiring.command_trail(settings))
            click.echo(f"run {run.id} cancelled")
    for device in devices.list_devices(settings):
        if devices.device_down(settings, device.name):
            click.echo(f"device {device.name} stopped")
    stack.down(settings, click.echo)
