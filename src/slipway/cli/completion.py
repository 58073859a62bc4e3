"""`slipway completion`: lets a shell complete slipway's words."""

import click


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]), metavar="SHELL")
def command(shell: str) -> None:
    """Print the script that lets SHELL (bash, zsh or fish) complete commands, options, and the
    names of pipelines, models, versions, channels, devices and runs; docs/cli.md says where to put
    it."""
    from click.shell_completion import BashComplete, FishComplete, ZshComplete

    from slipway.cli.app import root

    script = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}[shell]
    click.echo(script(root, {}, "slipway", "_SLIPWAY_COMPLETE").source())
