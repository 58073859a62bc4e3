"""The `slipway` command: finds the sub-commands, turns errors into messages and exit codes.

A file `NAME.py` beside this one with a click command called `command` is the sub-command NAME
(underscores become hyphens); `_NAME.py` is a helper of some. It is imported only when it is used
or when help is shown.
"""

import importlib
import json
import pkgutil
import sys
from typing import Any

import click

import slipway
import slipway.cli
from slipway.domain.errors import SlipwayError
from slipway.domain.system_errors import system_error

_NOT_COMMANDS = {"app", "output", "packaging"}


class Commands(click.Group):
    """Sub-commands by file name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all files that are commands."""
        names = (module.name for module in pkgutil.iter_modules(slipway.cli.__path__))
        return sorted(
            name.replace("_", "-")
            for name in names
            if name not in _NOT_COMMANDS and not name.startswith("_")
        )

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"slipway.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(slipway.__version__, prog_name="slipway")
@click.option("--debug", is_flag=True, help="Show a traceback when something fails.")
def root(debug: bool) -> None:
    """From training data to a model that answers on an edge device."""


def run() -> None:
    """Run the command line; exit codes are those of `slipway.domain.errors`, 130 for ctrl-C."""
    try:
        status: Any = root.main(standalone_mode=False)
    except click.exceptions.Abort:
        status = _say("interrupted", "interrupted", "", 130)
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except BrokenPipeError:
        sys.stderr.close()
        status = 141
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        known = _known(error)
        status = _say(known.code, known.message, known.hint, known.exit_code)
    sys.exit(status if isinstance(status, int) else 0)


def _known(error: Exception) -> SlipwayError:
    """An error as people are told of it."""
    if isinstance(error, SlipwayError):
        return error
    if isinstance(error, OSError):
        return system_error(error, str(error.filename or "a file"))
    return SlipwayError(
        f"{type(error).__name__}: {error}",
        hint="This is a defect of Slipway; slipway --debug COMMAND shows where",
    )


def _say(code: str, message: str, hint: str, exit_code: int) -> int:
    if "--json" in sys.argv:
        document = {"error": {"code": code, "message": message, "hint": hint}}
        click.echo(json.dumps(document), err=True)
    else:
        click.echo(f"{click.style('error', fg='red', bold=True)}: {message}", err=True)
        if hint:
            click.echo(f"{click.style('hint', fg='cyan')}: {hint}", err=True)
    return exit_code
