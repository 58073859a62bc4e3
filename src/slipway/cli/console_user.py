"""`slipway console-user`: who may log in to the console."""

from typing import TYPE_CHECKING

import click

from slipway.cli.output import ask_secret, json_option, print_json, print_table, tell
from slipway.domain.errors import InvalidInput

if TYPE_CHECKING:
    from slipway.console.users import Users
    from slipway.services.audit import Trail

_ROLES = "look, run or release"


@click.group()
def command() -> None:
    """Users of the web console. A changed password or role ends their sessions at once.

    Roles: look sees everything, run also starts and schedules runs, release also moves channels.
    """


@command.command()
@click.argument("name")
@click.option("--role", default="look", show_default=True, help=f"{_ROLES}.")
@click.option("--no-password", is_flag=True, help="For one whom a reverse proxy logs in.")
@json_option
def add(name: str, role: str, no_password: bool, as_json: bool) -> None:
    """Add NAME; the password is asked for."""
    from slipway.console.access import Role

    users, trail = _users()
    granted = Role.parse(role)
    users.add(name, granted, "" if no_password else _ask_password(name))
    trail.note("user.add", name, role=granted)
    tell({"name": name, "role": granted}, f"{name} may {granted}", as_json=as_json)


@command.command()
@click.argument("name")
@json_option
def password(name: str, as_json: bool) -> None:
    """Give NAME another password, which is asked for."""
    users, trail = _users()
    users.require(name)
    users.set_password(name, _ask_password(name))
    trail.note("user.password", name)
    tell({"name": name}, f"{name} has another password, and has to log in again", as_json=as_json)


@command.command()
@click.argument("name")
@click.argument("role")
@json_option
def role(name: str, role: str, as_json: bool) -> None:
    """Give NAME another ROLE: look, run or release."""
    from slipway.console.access import Role

    users, trail = _users()
    granted = Role.parse(role)
    users.set_role(name, granted)
    trail.note("user.role", name, role=granted)
    text = f"{name} may {granted}, and has to log in again"
    tell({"name": name, "role": granted}, text, as_json=as_json)


@command.command()
@click.argument("name")
@json_option
def remove(name: str, as_json: bool) -> None:
    """Take NAME out."""
    users, trail = _users()
    users.remove(name)
    trail.note("user.remove", name)
    tell({"name": name}, f"{name} is out", as_json=as_json)


@command.command(name="list")
@json_option
def list_(as_json: bool) -> None:
    """List the users."""
    users, _ = _users()
    accounts = users.all().values()
    if as_json:
        print_json(
            [
                {"name": account.name, "role": account.role, "password": bool(account.password)}
                for account in accounts
            ]
        )
        return
    print_table(
        ("user", "role", "logs in by"),
        [(a.name, a.role, "password" if a.password else "the proxy") for a in accounts],
    )


def _users() -> "tuple[Users, Trail]":
    from slipway import wiring
    from slipway.console.doors import console_users
    from slipway.settings import load

    settings = load()
    return console_users(settings), wiring.command_trail(settings)


def _ask_password(name: str) -> str:
    given = ask_secret(f"Password for {name}")
    if ask_secret("Once more") != given:
        raise InvalidInput("these are two passwords", hint="Type the same one twice")
    return given
