"""`slipway evaluate`: the figures of a model version on labelled data."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from slipway.cli import _complete
from slipway.cli._progress import Count, line
from slipway.cli.output import json_option, print_json, print_table

_IMAGES = {".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
_SHOWN = 5  # of what was rejected or answered wrongly


@click.command()
@click.argument("version", shell_complete=_complete.versions)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    required=True,
    help="The folder, laid out as for the version's training.",
)
@json_option
def command(version: str, data: Path, as_json: bool) -> None:
    """Ask VERSION about every recording or image of a labelled folder, through the program and the
    runtime that serve it on a device, and count how often it is right."""
    from slipway import wiring
    from slipway.domain.names import ModelVersion
    from slipway.settings import load

    answers: list[None] = []
    count = Count("evaluate", "answers", _images(data), lambda: len(answers))
    with line(count.__str__):
        figures = wiring.evaluator(load()).evaluate(
            ModelVersion.parse(version), data, lambda: answers.append(None)
        )
    if as_json:
        print_json(figures)
        return
    for part in ("images", "recordings", "windows"):
        if "accuracy" in figures.get(part, {}):
            _show_classified(part, figures[part])
    if "roc_auc" in figures:
        _show_detected(figures)
    _show_some(
        "answered wrongly", [f"{m['file']}: {m['answer']}" for m in figures.get("mistakes", [])]
    )
    _show_some("rejected", [f"{one['file']}: {one['why']}" for one in figures["rejected"]])


def _images(data: Path) -> int:
    """How many answers there will be; of recordings only who reads them knows."""
    return sum(path.suffix.lower() in _IMAGES for path in data.rglob("*"))


def _show_classified(part: str, counted: Mapping[str, Any]) -> None:
    total = sum(map(sum, counted["confusion"]))
    click.echo(f"{counted['accuracy']:.2%} of {total} {part} are right")
    rows = [
        (label, *map(str, row), f"{of['precision']:.3f}", f"{of['recall']:.3f}")
        for (label, of), row in zip(counted["per_class"].items(), counted["confusion"], strict=True)
    ]
    answers = [f"as {label}" for label in counted["labels"]]
    print_table((part, *answers, "precision", "recall"), rows)
    click.echo()


def _show_detected(figures: Mapping[str, Any]) -> None:
    names = ("roc_auc", "baseline_roc_auc", "loss_ratio", "false_alarms", "missed", "threshold")
    values = [(name, "none" if figures[name] is None else f"{figures[name]:.4f}") for name in names]
    print_table(("over windows", ""), values)
    click.echo()
    print_table(
        ("recording", "label", "score", "answer"),
        [(r["file"], r["label"], f"{r['score']:.4f}", r["answer"]) for r in figures["recordings"]],
    )


def _show_some(what: str, lines: list[str]) -> None:
    if not lines:
        return
    click.echo(f"{what}: {len(lines)}")
    for each in lines[:_SHOWN]:
        click.echo(f"  {each}")
    if len(lines) > _SHOWN:
        click.echo("  …; --json shows all")
