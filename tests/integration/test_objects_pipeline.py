"""The pipeline objects on a few rendered images, to a version that can be evaluated."""

import json
from pathlib import Path
from typing import Any

import pytest
from slipway_components.images import read_split

from slipway.domain.card import ModelCard
from tests.fixtures.pipeline_runs import answer

pytestmark = pytest.mark.slow

LABELS = ("forks", "knives", "spoons", "unknown")
SMALL = (
    "render_sources=4",
    "render_views=2",
    "render_size=32",
    "render_samples=1",
    "image_size=32",
    "blocks=3",
    "epochs=1",
    "gate_floor=0",
)


def _slipway(folder: Path, *arguments: object) -> Any:
    """What a command answers as JSON."""
    return json.loads(answer(folder, *arguments, "--json"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the pipeline has run."""
    return tmp_path_factory.mktemp("objects")


@pytest.fixture(scope="module")
def run(folder: Path) -> dict[str, Any]:
    parameters = [word for one in SMALL for word in ("-p", one)]
    document: dict[str, Any] = _slipway(folder, "run", "objects", *parameters)
    return document


def test_household_things_are_rendered_and_every_mesh_stays_on_one_side(
    run: dict[str, Any],
) -> None:
    (images,) = Path(run["folder"]).glob("artifacts/*/collect/images")
    pictures = sorted(str(file.relative_to(images)) for file in images.rglob("*.png"))
    assert len(pictures) == len(LABELS) * 4 * 2
    assert {picture.split("/")[0] for picture in pictures} == set(LABELS)
    (file,) = Path(run["folder"]).glob("artifacts/*/split/parts")
    sides = read_split(file)
    assert sorted(sides.train + sides.validation + sides.test) == pictures
    meshes = [{path.rpartition("/")[0] for path in side} for side in (sides.train, sides.test)]
    assert not meshes[0] & meshes[1]


def test_the_version_is_evaluated_through_the_program_that_serves_it(
    folder: Path, run: dict[str, Any]
) -> None:
    version = folder / ".slipway/buckets/model-output/objects" / str(run["version"])
    card = ModelCard.parse((version / "model.json").read_bytes())
    assert card.labels == LABELS
    assert card.lineage["split"].startswith("one split, no group on two sides: ")
    assert card.inputs[0].shape == (1, 32, 32, 3)
    (images,) = Path(run["folder"]).glob("artifacts/*/collect/images")
    figures = _slipway(folder, "evaluate", version.name, "--data", images)
    judged = figures["images"]
    assert sum(map(sum, judged["confusion"])) == len(LABELS) * 4 * 2
    assert tuple(judged["labels"]) == LABELS
