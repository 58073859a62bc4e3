"""How keys and what waits for signatures are shown."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slipway.cli.output import print_table

if TYPE_CHECKING:
    from slipway.services.trust.publication import Waiting
    from slipway.services.trust.status import TrustState


def show_trust(state: "TrustState", folder: Path) -> None:
    """The table of `slipway keys status`."""
    print_table(
        ("role", "version", "valid until", "needs", "keys (* usable here)"),
        [
            (
                each.role,
                str(each.version or "-"),
                _day(each.expires),
                str(each.threshold),
                ", ".join(f"{key.name}{'*' if key.here else ''}" for key in each.keys),
            )
            for each in state.roles
        ],
    )
    click.echo(f"\nkeys and root.json: {folder}")
    show_waiting(state.waiting)


def show_waiting(waiting: "Sequence[Waiting]") -> None:
    """A line for all that waits."""
    for each in waiting:
        complete = each.signatures >= each.threshold
        state = "for the tag monitor to publish it" if complete else "for signatures"
        count = f"{each.signatures} of {each.threshold}"
        click.echo(f"waiting {state}: {each.role} has {count}")


def _day(seconds: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(seconds)) if seconds else "-"
