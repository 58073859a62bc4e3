"""What commands share that speak to a broker."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

_FILE = click.Path(path_type=Path, dir_okay=False)


def broker_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--broker, --username, --password-file, --ca-file."""
    for option in (
        click.option("--ca-file", type=_FILE, help="Encrypt; of this authority is the broker."),
        click.option("--password-file", type=_FILE, help="Holds the user's password."),
        click.option("--username", default="", help="Who is known to the broker."),
        click.option(
            "--broker", default="127.0.0.1:1883", show_default=True, help="HOST[:PORT], MQTT 5."
        ),
    ):
        command = option(command)
    return command
