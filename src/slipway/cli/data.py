"""`slipway data`: the steps from meshes or photographs to a divided dataset, each on its own."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from slipway.cli.output import json_option, tell

if TYPE_CHECKING:
    from slipway.ports.bucket import Bucket

_FOLDER = click.Path(path_type=Path)


@click.group()
@click.pass_context
def command(context: click.Context) -> None:
    """Training images: LABEL/FILE or LABEL/GROUP/FILE, where a group is one source; sounds."""
    from slipway_components import progress

    context.with_resource(progress.quiet())


@command.command()
@click.argument("output", type=_FOLDER)
@click.option("--label", "labels", multiple=True, help="What to render; all without.")
@click.option(
    "--catalogue",
    type=click.Choice(["parts", "household"]),
    default="parts",
    show_default=True,
    help="Which of the meshes that ship.",
)
@click.option("--sources", default=12, show_default=True, help="Meshes for each label.")
@click.option("--views", default=5, show_default=True, help="Images of each mesh.")
@click.option("--size", default=96, show_default=True, help="Pixels of a side.")
@click.option("--samples", default=16, show_default=True, help="Light paths per pixel.")
@click.option("--seed", default=1, show_default=True, help="The same seed, the same images.")
@click.option(
    "--viewpoint",
    type=click.Choice(["overhead", "free", "near"]),
    default="overhead",
    show_default=True,
)
@click.option("--workers", default=0, help="Processes; 0 for one on each core.")
@click.option("--meshes", type=_FOLDER, help="A folder of LABEL/*.stl, .obj or .ply instead.")
@json_option
def render(
    output: Path,
    *,
    labels: tuple[str, ...],
    catalogue: str,
    sources: int,
    views: int,
    size: int,
    samples: int,
    seed: int,
    viewpoint: str,
    workers: int,
    meshes: Path | None,
    as_json: bool,
) -> None:
    """Render images of mechanical parts or household things into the folder OUTPUT."""
    from slipway_components.render import task

    task.render(
        output,
        labels=labels,
        catalogue=catalogue,
        sources=sources,
        views=views,
        size=size,
        samples=samples,
        seed=seed,
        viewpoint=viewpoint,
        workers=workers,
        meshes=meshes,
    )
    _tell_files(output, "*.png", as_json=as_json)


@command.command()
@click.argument("output", type=_FOLDER)
@click.option("--recordings", default=50, show_default=True, help="Of each label.")
@click.option("--seed", default=1, show_default=True, help="The same seed, the same sounds.")
@click.option(
    "--unseen", is_flag=True, help="Rooms and backgrounds that the pipeline never trains on."
)
@json_option
def sounds(output: Path, *, recordings: int, seed: int, unseen: bool, as_json: bool) -> None:
    """Make up sounds at a door: WAV files with annotations in the folder OUTPUT."""
    from slipway_components.signals.sounds_files import make_up

    make_up(output, recordings=recordings, seed=seed, unseen=unseen)
    _tell_files(output, "*.wav", as_json=as_json)


@command.command()
@click.argument("source", type=_FOLDER)
@click.argument("output", type=_FOLDER)
@click.option("--on-bad", type=click.Choice(["refuse", "skip"]), default="refuse")
@click.option("--size", type=int, help="Shrink larger images to this longest side.")
@json_option
def ingest(
    source: Path,
    output: Path,
    on_bad: Literal["refuse", "skip"],
    size: int | None,
    *,
    as_json: bool,
) -> None:
    """Take the labelled images in SOURCE as PNG into the folder OUTPUT."""
    from slipway_components.ingest import task

    task.ingest(source, output, on_bad=on_bad, size=size)
    _tell_files(output, "*.png", as_json=as_json)


@command.command()
@click.argument("dataset", type=_FOLDER)
@click.argument("output", type=_FOLDER)
@click.option("--store", help="URL of a bucket that keeps the contents too.")
@json_option
def snapshot(dataset: Path, output: Path, store: str | None, as_json: bool) -> None:
    """Record every file of DATASET in the file OUTPUT; prints the dataset's digest."""
    from slipway_components.snapshot import task

    digest = task.snapshot(dataset, output, _bucket(store) if store else None)
    tell({"digest": digest}, digest, as_json=as_json)


@command.command()
@click.argument("dataset", type=_FOLDER)
@click.argument("record", type=_FOLDER)
@json_option
def verify(dataset: Path, record: Path, as_json: bool) -> None:
    """Check that DATASET holds exactly the files of the snapshot RECORD."""
    from slipway_components.snapshot.manifest import read_snapshot
    from slipway_components.snapshot.task import verify as check

    snapshot = read_snapshot(record)
    check(dataset, snapshot)
    document = {"dataset": str(dataset), "digest": snapshot.digest}
    tell(document, f"{dataset} is {snapshot.digest}", as_json=as_json)


@command.command()
@click.argument("record")
@click.argument("source")
@click.argument("output", type=_FOLDER)
@json_option
def restore(record: str, source: str, output: Path, as_json: bool) -> None:
    """Bring a dataset back to the folder OUTPUT.

    SOURCE is a folder that has the files, or the URL of a store; RECORD a snapshot's file, or its
    digest where SOURCE is a store.
    """
    from slipway_components.snapshot import task
    from slipway_components.snapshot.manifest import read_snapshot

    place = _bucket(source) if "://" in source else Path(source)
    if record.startswith("sha256:") and not isinstance(place, Path):
        snapshot = task.stored(place, record)
    else:
        snapshot = read_snapshot(Path(record))
    task.restore(snapshot, place, output)
    document = {"output": str(output), "digest": snapshot.digest, "files": len(snapshot.files)}
    tell(document, f"{output} is {snapshot.digest}", as_json=as_json)


@command.command()
@click.argument("record", type=_FOLDER)
@click.argument("output", type=_FOLDER)
@click.option("--seed", default=1, show_default=True, help="The same seed, the same split.")
@click.option("--validation", default=0.15, show_default=True, help="Share of the images.")
@click.option("--test", default=0.15, show_default=True, help="Share of the images.")
@json_option
def split(
    record: Path, output: Path, seed: int, validation: float, test: float, *, as_json: bool
) -> None:
    """Divide the snapshot RECORD by source; writes the file OUTPUT."""
    from slipway_components.split import task

    task.split(record, output, seed=seed, validation=validation, test=test)
    tell({"output": str(output)}, str(output), as_json=as_json)


def _tell_files(output: Path, pattern: str, *, as_json: bool) -> None:
    number = sum(1 for _ in output.rglob(pattern))
    tell({"output": str(output), "files": number}, f"{output}: {number} files", as_json=as_json)


def _bucket(url: str) -> "Bucket":
    from slipway.wiring import open_bucket

    return open_bucket(url)
