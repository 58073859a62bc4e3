"""Shows model versions, for people and for machines."""

import time
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from slipway.domain.catalogue import CatalogueEntry
    from slipway.services.version_catalogue import VersionCatalogue


def tell_problems(catalogue: "VersionCatalogue") -> None:
    """Say on standard error which source did not answer, so that nobody takes old for new."""
    for source, error in catalogue.problems.items():
        click.echo(f"{source} was not read: {error.message}", err=True)


def document(entry: "CatalogueEntry") -> dict[str, object]:
    """A version for machines."""
    card = entry.card
    return {
        "version": str(entry.version),
        "model": str(entry.version.name),
        "major": entry.version.major,
        "trained": entry.version.timestamp,
        "channels": list(map(str, entry.channels)),
        "task": str(card.task) if card else None,
        "labels": list(card.labels) if card else None,
        "metrics": dict(entry.metrics),
        "size": entry.size,
        "lineage": dict(card.lineage) if card else None,
        "run": entry.run_id or None,
        "parameters": dict(entry.parameters),
        "problem": entry.problem or None,
    }


def number(value: float | None) -> str:
    """A metric, for tables."""
    return "" if value is None else f"{value:.4f}"


def as_bytes(size: float | None) -> str:
    """A file's size, for tables."""
    if size is None:
        return ""
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.1f} kB"


def moment(unix: float) -> str:
    """A point in time, for tables."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(unix))
