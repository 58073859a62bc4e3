"""Every command that tells facts tells them to machines, too."""

from collections.abc import Iterator

import click
import pytest

from slipway.cli.app import root

# What each of these prints is no fact about anything: a log without end, or a file.
EXCEPT = {
    "completion": "a shell's script",
    "console": "a server until it is ended",
    "device agent": "a manifest, as it is",
    "monitor": "a log until it is ended",
    "runner": "a log until it is ended",
    "source vibration": "a log until it is ended",
}


def commands(group: click.Group, name: str = "") -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for each in group.list_commands(context):
        command = group.get_command(context, each)
        assert command
        if isinstance(command, click.Group):
            yield from commands(command, f"{name}{each} ")
        else:
            yield f"{name}{each}", command


ALL = dict(commands(root))


@pytest.mark.parametrize("name", ALL)
def test_json_everywhere(name: str) -> None:
    options = {option for parameter in ALL[name].params for option in parameter.opts}
    assert ("--json" in options) is (name not in EXCEPT)


@pytest.mark.parametrize("name", ALL)
def test_everything_is_explained(name: str) -> None:
    command = ALL[name]
    assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            shown = (
                parameter.help or isinstance(parameter.type, click.Choice) or parameter.show_default
            )
            assert shown, f"{name} {parameter.opts[0]}"
