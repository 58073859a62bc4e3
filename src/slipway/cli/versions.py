"""`slipway versions`: the model versions that there are, with their metrics."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from slipway.cli import _complete
from slipway.cli._version_view import as_bytes, document, moment, number, tell_problems
from slipway.cli.output import json_option, print_json, print_table

if TYPE_CHECKING:
    from slipway.domain.catalogue import CatalogueEntry

_MOST_METRICS = 4  # columns of the table; --json has all


@click.command()
@click.argument("name", required=False, shell_complete=_complete.models)
@click.option(
    "--channel",
    shell_complete=_complete.channels,
    help="Only the versions that stand in this channel.",
)
@click.option("--search", default="", help="Words of version, label, commit, dataset, parameter.")
@click.option("--sort", default="newest", help="newest, size, or a metric.  [default: newest]")
@click.option("--reverse", is_flag=True, help="Oldest, smallest or lowest first.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@json_option
def command(
    *,
    name: str | None,
    channel: str | None,
    search: str,
    sort: str,
    reverse: bool,
    limit: int,
    as_json: bool,
) -> None:
    """List the versions of the model NAME, or of all models, with their metrics, sizes and the
    channels that they stand in."""
    from slipway import wiring
    from slipway.domain.catalogue import VersionQuery
    from slipway.domain.names import Channel, ModelName
    from slipway.settings import load

    query = VersionQuery(
        name=ModelName.parse(name) if name else None,
        channel=Channel.parse(channel) if channel else None,
        search=search,
        sort=sort,
        descending=not reverse,
    )
    catalogue = wiring.version_catalogue(load())
    catalogue.refresh(everything=True)
    tell_problems(catalogue)
    found = catalogue.find(query, 1, limit)
    if as_json:
        print_json([document(entry) for entry in found.entries])
        return
    if not found.entries:
        click.echo("There is no such version")
        return
    print_table(*_table(found.entries))
    if found.total > len(found.entries):
        click.echo(f"{len(found.entries)} of {found.total}; --limit shows more", err=True)


def _table(entries: "Sequence[CatalogueEntry]") -> tuple[list[str], list[list[str]]]:
    from slipway.domain.metrics import is_detail

    metrics = sorted({name for entry in entries for name in entry.metrics if not is_detail(name)})
    columns = ["version", *metrics[:_MOST_METRICS], "size", "channels", "trained", ""]
    rows = [
        [
            str(entry.version),
            *(number(entry.metrics.get(name)) for name in metrics[:_MOST_METRICS]),
            as_bytes(entry.size),
            " ".join(entry.channels),
            moment(entry.version.timestamp),
            entry.problem,
        ]
        for entry in entries
    ]
    return columns, rows
