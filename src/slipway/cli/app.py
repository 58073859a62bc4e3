"""The `slipway` command: finds the sub-commands, turns errors into messages and exit codes.

`_commands.py` names them; a command's file is imported when it is used, not before.
"""

import importlib
import json
import sys
from typing import TYPE_CHECKING, Any

import click

import slipway
from slipway.cli._commands import SECTIONS
from slipway.domain.errors import SlipwayError
from slipway.domain.system_errors import system_error

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class Commands(click.Group):
    """Sub-commands by file name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        return [name for section in SECTIONS.values() for name in section]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"slipway.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command of a line; one that there is not may be another one mistyped."""
        known = self.list_commands(ctx)
        if args[0] not in known and args[0][:1] != "-" and not ctx.resilient_parsing:
            from difflib import get_close_matches

            close = " or ".join(get_close_matches(args[0], known))
            ctx.fail(f"No such command {args[0]!r}" + (f": did you mean {close}?" if close else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Help on the commands, by section."""
        for section, commands in SECTIONS.items():
            with formatter.section(section):
                formatter.write_dl(list(commands.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """The commands that begin so, and the options, without importing a command."""
        from click.shell_completion import CompletionItem

        found = [
            CompletionItem(name, help=line)
            for section in SECTIONS.values()
            for name, line in section.items()
            if name.startswith(incomplete)
        ]
        return found + click.Command.shell_complete(self, ctx, incomplete)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(slipway.__version__, prog_name="slipway")
@click.option("--debug", is_flag=True, help="Show a traceback when something fails.")
def root(debug: bool) -> None:
    """From training data to a model that answers on an edge device."""


def run() -> None:
    """Run the command line. Exit codes are those of `slipway.domain.errors`, also 2 for wrong
    usage, 130 for ctrl-C, 141 when who reads the output has gone."""
    try:
        status: Any = root.main(prog_name="slipway", standalone_mode=False)
    except click.exceptions.Abort:
        status = _say("interrupted", "interrupted", "", 130)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()  # which is help
        status = error.exit_code
    except click.ClickException as error:
        status = _say("usage", _sentence(error), _usage_hint(error), error.exit_code)
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


def _sentence(error: click.ClickException) -> str:
    """click's message as ours are: one line, no full stop."""
    return " ".join(error.format_message().split()).removesuffix(".")


def _usage_hint(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    command = context.command_path if context else "slipway"
    return f"{command} --help shows what it takes"


def _say(code: str, message: str, hint: str, exit_code: int) -> int:
    if "--json" in sys.argv:
        document = {"error": {"code": code, "message": message, "hint": hint}}
        click.echo(json.dumps(document), err=True)
    else:
        click.echo(f"{click.style('error', fg='red', bold=True)}: {message}", err=True)
        if hint:
            click.echo(f"{click.style('hint', fg='cyan')}: {hint}", err=True)
    return exit_code
