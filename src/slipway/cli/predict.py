"""`slipway predict`: ask a model what it makes of an image or a recording."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slipway.cli import _complete
from slipway.cli.output import json_option, print_json, print_table

if TYPE_CHECKING:
    from slipway.domain.prediction import Prediction, Score, Window


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--url", default="http://127.0.0.1:8080", show_default=True, help="Where the model answers."
)
@click.option(
    "--device",
    shell_complete=_complete.local_devices,
    help="Ask on this local device: its loopback, not this machine's.",
)
@click.option(
    "--timeout", default=10.0, show_default=True, type=click.FloatRange(0.1, 600), help="Seconds."
)
@json_option
def command(file: Path, url: str, device: str | None, timeout: float, as_json: bool) -> None:
    """Send FILE to a serving container and show its labels, best first: an image, or a recording
    as CSV, WAV or JSON, or as .npz as the trainings keep it."""
    from slipway.adapters.serving_client import ServingClient, read_file

    client = ServingClient(url, timeout)
    data = read_file(file)
    if file.suffix == ".npz":
        data = _recording(file)
    if device is None:
        answer = client.predict(data, str(file))
    else:
        from slipway.local import netns
        from slipway.settings import load

        answer = netns.inside(
            netns.running(load(), device), lambda: client.predict(data, str(file))
        )
    if as_json:
        print_json(_document(answer))
        return
    print_table(("label", "score"), [(one.label, f"{one.score:.3f}") for one in answer.scores])
    if answer.threshold is not None:
        _show_errors(answer.windows, answer.threshold)
    elif answer.windows:
        click.echo()
        print_table(("samples from", "windows", "label", "mean score"), _runs(answer.windows))
    click.echo(f"\nmodel  {answer.version}\nimage  {answer.digest or 'none'}")
    click.echo(f"time   {answer.latency_ms:.1f} ms")


def _recording(file: Path) -> bytes:
    """What is sent of a recording as the trainings keep it."""
    from slipway_components.signals.recordings import read

    from slipway.adapters.serving_client import recording_body

    recording = read(file)
    return recording_body(recording.values.tolist(), recording.axes, recording.rate)


def _runs(windows: "Sequence[Window]") -> list[tuple[str, ...]]:
    """A row for each stretch of windows with the same best label."""
    rows: list[tuple[str, ...]] = []
    for label, run in groupby(windows, lambda window: _best(window).label):
        same = list(run)
        score = sum(_best(window).score for window in same) / len(same)
        rows.append((str(same[0].start), str(len(same)), label, f"{score:.3f}"))
    return rows


def _best(window: "Window") -> "Score":
    from slipway.domain.prediction import Score

    return window.scores[0] if window.scores else Score("(silent)", 0.0)


def _show_errors(windows: "Sequence[Window]", threshold: float) -> None:
    errors = [(window.error or 0.0, window.start) for window in windows]
    above = sum(error > threshold for error, _ in errors)
    worst, start = max(errors)
    click.echo(f"\nthreshold {threshold:.3f}: above it {above} of {len(errors)} windows,")
    click.echo(f"the worst with {worst:.3f} at sample {start}")


def _document(answer: "Prediction") -> dict[str, Any]:
    document: dict[str, Any] = {
        "version": answer.version,
        "digest": answer.digest,
        "predictions": _labels(answer.scores),
        "latency_ms": answer.latency_ms,
    }
    if answer.threshold is not None:
        document["threshold"] = answer.threshold
        document["windows"] = [{"start": w.start, "score": w.error} for w in answer.windows]
    elif answer.windows:
        document["windows"] = [
            {"start": window.start, "predictions": _labels(window.scores)}
            for window in answer.windows
        ]
    return document


def _labels(scores: "Sequence[Score]") -> list[dict[str, Any]]:
    return [{"label": one.label, "score": one.score} for one in scores]
