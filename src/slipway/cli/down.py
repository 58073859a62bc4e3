"""`slipway down`: stop everything that was started on this machine."""

import click


@click.command(short_help="Stop the local runs, devices, registry and functions.")
def command() -> None:
    """Cancel the runs that are under way, stop the local devices, then the functions and the
    registry. Nothing is deleted."""
    from slipway import wiring
    from slipway.local import devices, stack
    from slipway.services.start_run import cancel
    from slipway.settings import load

    settings = load()
    backend = wiring.pipeline_backend(settings)
    for run in backend.runs():
        if not run.over:
            cancel(backend, run.id, trail=wiring.command_trail(settings))
            click.echo(f"run {run.id} cancelled")
    for device in devices.list_devices(settings):
        if devices.device_down(settings, device.name):
            click.echo(f"device {device.name} stopped")
    stack.down(settings, click.echo)
