"""`slipway down`: stop everything that was started on this machine."""

import click

from slipway.cli.output import json_option, print_json


@click.command()
@json_option
def command(as_json: bool) -> None:
    """Cancel the runs that are under way, stop the local devices, then the functions and the
    registry. Nothing is deleted, and runs that wait begin after the next slipway up."""
    from slipway import wiring
    from slipway.local import devices, stack
    from slipway.ports.pipeline_backend import Status
    from slipway.services.start_run import cancel
    from slipway.settings import load

    def say(text: str) -> None:
        if not as_json:
            click.echo(text)

    settings = load()
    done: dict[str, list[str]] = {"runs": [], "devices": []}
    done["parts"] = [part.name for part in stack.status(settings) if part.running]
    if stack.runner(settings).stop():  # before a waiting run takes the place of a cancelled one
        say("runner stopped")
    backend = wiring.pipeline_backend(settings)
    for run in backend.runs():
        if run.status is Status.RUNNING:
            cancel(backend, run.id, trail=wiring.command_trail(settings))
            done["runs"].append(run.id)
            say(f"run {run.id} cancelled")
    for device in devices.list_devices(settings):
        if devices.device_down(settings, device.name):
            done["devices"].append(device.name)
            say(f"device {device.name} stopped")
    stack.down(settings, say)
    if as_json:
        print_json(done)
