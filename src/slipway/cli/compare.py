"""`slipway compare`: what differs from one model version to another."""

from typing import TYPE_CHECKING

import click

from slipway.cli import _complete
from slipway.cli._version_view import as_bytes, number, tell_problems
from slipway.cli.output import json_option, print_json, print_table

if TYPE_CHECKING:
    from slipway.domain.comparison import Comparison, DatasetDifference

_WORDS = {True: "better", False: "worse", None: ""}


@click.command()
@click.argument("a", shell_complete=_complete.versions)
@click.argument("b", shell_complete=_complete.versions)
@json_option
def command(a: str, b: str, as_json: bool) -> None:
    """Show what differs from the version A to the version B: metrics, size, labels, what they were
    trained on, and the parameters of their runs."""
    from slipway import wiring
    from slipway.domain.names import ModelVersion
    from slipway.settings import load

    versions = ModelVersion.parse(a), ModelVersion.parse(b)
    catalogue = wiring.version_catalogue(load())
    catalogue.refresh(everything=True)
    tell_problems(catalogue)
    found = catalogue.compare(*versions)
    if as_json:
        print_json(_document(found))
    else:
        _show(found)


def _show(found: "Comparison") -> None:
    for entry in (found.a, found.b):
        if entry.problem:
            click.echo(f"{entry.version}: {entry.problem}", err=True)
    rows = [
        [
            pair.name,
            number(pair.before),
            number(pair.after),
            _signed(pair.difference),
            _WORDS[pair.better],
        ]
        for pair in found.metrics
    ]
    size = found.size
    change = "" if size.difference is None else f"{size.difference:+.0f} B"
    rows.append(["size", as_bytes(size.before), as_bytes(size.after), change, _WORDS[size.better]])
    print_table(("", str(found.a.version), str(found.b.version), "difference", ""), rows)
    for what, labels in (("added", found.labels_added), ("removed", found.labels_removed)):
        if labels:
            click.echo(f"labels {what}: {', '.join(labels)}")
    for text in found.breaks or ():
        click.echo(f"callers would stumble over: {text}")
    _show_dataset(found.dataset)
    if not found.parameters_known:
        click.echo("parameters: not known of both, a run in the model registry would tell")
    for name, (before, after) in {**found.parameters, **found.lineage}.items():
        click.echo(f"{name}: {_told(before)} → {_told(after)}")


def _show_dataset(dataset: "DatasetDifference") -> None:
    same = {True: "the same", False: "another one", None: "nobody knows whether the same"}
    click.echo(f"dataset: {same[dataset.same]}")
    if dataset.unlisted:
        click.echo(f"  which files is not known of {' and '.join(dataset.unlisted)}")
    for label, change in (dataset.labels or {}).items():
        if change.added or change.removed or change.changed:
            click.echo(
                f"  {label}: {change.before} → {change.after} files;"
                f" {change.added} added, {change.removed} removed, {change.changed} changed"
            )


def _signed(value: float | None) -> str:
    return "" if value is None else f"{value:+.4f}"


def _told(value: str | None) -> str:
    return "(not given)" if value is None else value


def _document(found: "Comparison") -> dict[str, object]:
    dataset = found.dataset
    return {
        "a": str(found.a.version),
        "b": str(found.b.version),
        "metrics": {
            pair.name: {
                "a": pair.before,
                "b": pair.after,
                "difference": pair.difference,
                "better": pair.better,
            }
            for pair in found.metrics
        },
        "size": {"a": found.size.before, "b": found.size.after},
        "labels": {"added": found.labels_added, "removed": found.labels_removed},
        "breaks": found.breaks,
        "dataset": {
            "a": dataset.before or None,
            "b": dataset.after or None,
            "same": dataset.same,
            "labels": None
            if dataset.labels is None
            else {label: vars(change) for label, change in dataset.labels.items()},
            "unlisted": dataset.unlisted,
        },
        "parameters": dict(found.parameters) if found.parameters_known else None,
        "lineage": dict(found.lineage),
    }
