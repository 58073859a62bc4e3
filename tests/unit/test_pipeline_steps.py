"""The steps around a training: configure, version, gate, register, publish, collect."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from slipway_components.collect.task import collect
from slipway_components.configure.task import (
    Parameter,
    begin,
    check_bucket,
    configuration_digest,
    configure,
)
from slipway_components.gate.task import gate
from slipway_components.register.task import register
from slipway_components.version.task import Allocated, version

from slipway.domain.card import ModelCard
from slipway.domain.errors import (
    Denied,
    GateClosed,
    IncompatibleModel,
    InvalidCard,
    InvalidDataset,
    InvalidInput,
    InvalidName,
    NotFound,
)
from slipway.domain.names import Channel
from slipway.ports.model_registry import RunRecord
from slipway.services.publish_model import publish_model
from tests.fakes.bucket import FakeBucket
from tests.fakes.model_registry import FakeModelRegistry
from tests.fixtures.cards import make_card
from tests.unit.test_publish_model import make_export

PARAMETERS: Mapping[str, Parameter] = {
    "name": "parts",
    "major": 1,
    "labels": ["bolt", "nut"],
    "seed": 7,
    "gate_floor": 0.7,
    "gate_drop": 0.02,
    "gate_channel": "latest",
    "bucket": "file:///bucket",
    "tracking_uri": "sqlite:////mlflow.db",
    "git_commit": "c0ffee",
    "started": 5,
}


def test_the_configuration_leaves_places_and_times_out() -> None:
    text = configure(PARAMETERS)
    assert text == configure(dict(sorted(PARAMETERS.items())))
    assert text == configure({**PARAMETERS, "bucket": "gs://x", "git_commit": "", "started": 9})
    assert text != configure({**PARAMETERS, "seed": 8})
    kept = json.loads(text)
    assert kept["labels"] == ["bolt", "nut"]
    assert "bucket" not in kept


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"name": "no name"}, InvalidName),
        ({"gate_channel": "gamma"}, InvalidName),
        ({"major": -1}, InvalidInput),
        ({"gate_floor": 1.5}, InvalidInput),
        ({"gate_floor": float("nan")}, InvalidInput),
        ({"gate_drop": -0.1}, InvalidInput),
    ],
)
def test_a_bad_parameter_is_named(changes: Mapping[str, Parameter], kind: type[Exception]) -> None:
    with pytest.raises(kind) as caught:
        configure({**PARAMETERS, **changes})
    [(key, value)] = changes.items()
    assert key in str(caught.value) or repr(value) in str(caught.value)


def test_a_bucket_that_cannot_be_used_is_noticed_first(bucket: FakeBucket) -> None:
    check_bucket("parts", bucket)
    bucket.denied = True
    with pytest.raises(Denied):
        check_bucket("parts", bucket)


def test_the_start_is_what_is_given_or_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: 1234.5)
    assert (begin(77), begin(0)) == (77, 1234)
    with pytest.raises(InvalidInput, match="started"):
        begin(-1)


def _snapshot(path: Path, *labels: str) -> Path:
    files = [{"path": f"{label}/a.png", "size": 1, "sha256": "0"} for label in labels]
    path.write_text(json.dumps({"schema": 1, "digest": "sha256:d", "files": files}))
    return path


def _allocate(snapshot: Path, bucket: FakeBucket, image_size: int = 32) -> Allocated:
    return version(
        snapshot,
        bucket,
        name="parts",
        major=1,
        preprocessing={"kind": "image", "width": image_size, "height": image_size},
        started=200,
        configuration=configure(PARAMETERS),
        git_commit="c0ffee-dirty",
    )


@pytest.fixture
def export(tmp_path: Path) -> Path:
    return make_export(tmp_path / "export", make_card())


@pytest.fixture
def bucket(export: Path) -> FakeBucket:
    """A bucket in which parts_1_100 is published."""
    bucket = FakeBucket()
    publish_model(export, make_card().version, bucket)
    return bucket


def test_a_version_is_allocated_with_its_lineage(tmp_path: Path, bucket: FakeBucket) -> None:
    done = _allocate(_snapshot(tmp_path / "s.json", "nut", "gear", "bolt"), bucket)
    assert done.version == "parts_1_200"
    assert done.lineage == {
        "configuration_digest": configuration_digest(configure(PARAMETERS)),
        "dataset_digest": "sha256:d",
        "git_commit": "c0ffee-dirty",
        "seeds": "seed=7",
    }


def test_an_incompatible_plan_is_refused_and_reserves_nothing(
    tmp_path: Path, bucket: FakeBucket
) -> None:
    before = dict(bucket.contents)
    with pytest.raises(IncompatibleModel, match="label bolt disappeared"):
        _allocate(_snapshot(tmp_path / "s.json", "nut"), bucket)
    with pytest.raises(IncompatibleModel, match="width was 32, is 64"):
        _allocate(_snapshot(tmp_path / "s.json", "nut", "bolt"), bucket, image_size=64)
    assert bucket.contents == before


def test_what_is_no_snapshot(tmp_path: Path, bucket: FakeBucket) -> None:
    (tmp_path / "s.json").write_text("{}")
    with pytest.raises(InvalidDataset, match="not a snapshot"):
        _allocate(tmp_path / "s.json", bucket)


def _model(folder: Path, accuracy: float) -> Path:
    folder.mkdir()
    (folder / "model.json").write_bytes(make_card("parts_1_200", accuracy=accuracy).to_json())
    return folder


@pytest.fixture
def registry() -> FakeModelRegistry:
    """A registry in which parts_1_100 with accuracy 0.9 stands in latest."""
    registry = FakeModelRegistry()
    card = make_card()
    run_id = registry.record_run(card.version.name, RunRecord(metrics=card.metrics))
    registry.register(card.version, run_id, "memory://x", {})
    registry.set_channel(card.version.name, Channel.LATEST, card.version)
    return registry


def _gate(model: Path, registry: FakeModelRegistry, channel: str = "latest") -> Mapping[str, float]:
    return gate(model, registry, metric="accuracy", floor=0.7, allowed_drop=0.02, channel=channel)


@pytest.mark.parametrize("accuracy", [0.88, 0.9, 1.0])
def test_a_model_that_is_good_enough_goes_on(
    tmp_path: Path, registry: FakeModelRegistry, accuracy: float
) -> None:
    assert _gate(_model(tmp_path / "m", accuracy), registry) == {"accuracy": accuracy}


def test_below_the_floor(tmp_path: Path, registry: FakeModelRegistry) -> None:
    with pytest.raises(GateClosed) as caught:
        _gate(_model(tmp_path / "m", 0.625), registry, "beta")
    assert caught.value.message == (
        "accuracy 0.6250 of parts_1_200 is 0.0750 below the floor of 0.7000"
    )


def test_worse_than_the_version_in_the_channel(tmp_path: Path, registry: FakeModelRegistry) -> None:
    model = _model(tmp_path / "m", 0.875)
    with pytest.raises(GateClosed) as caught:
        _gate(model, registry)
    assert caught.value.message == (
        "accuracy 0.8750 of parts_1_200 is 0.0250 below the 0.9000 of parts_1_100 in latest;"
        " 0.0200 is allowed"
    )
    assert _gate(model, registry, "beta"), "nothing stands there to compare with"


def test_an_accuracy_that_is_no_number(tmp_path: Path, registry: FakeModelRegistry) -> None:
    with pytest.raises(InvalidCard, match="no accuracy"):
        _gate(_model(tmp_path / "m", float("nan")), registry)


def _register(
    tmp_path: Path, card: ModelCard, bucket: FakeBucket, registry: FakeModelRegistry
) -> str:
    training, evaluation = tmp_path / "training", tmp_path / "evaluation"
    for folder in (training, evaluation):
        folder.mkdir(exist_ok=True)
    (training / "history.json").write_text(json.dumps({"curves": {"loss": [2, 1.5]}}))
    (evaluation / "confusion.png").write_bytes(b"picture")
    model = make_export(tmp_path / str(card.version), card)
    configuration = configure(PARAMETERS)
    return register(model, training, evaluation, bucket, registry, configuration=configuration)


def test_a_version_is_registered_with_all_that_is_known(
    tmp_path: Path, bucket: FakeBucket, registry: FakeModelRegistry
) -> None:
    card = make_card("parts_1_200")
    run_id = _register(tmp_path, card, bucket, registry)
    record = registry.records[run_id]
    assert record.parameters["labels"] == "bolt, nut"
    assert record.parameters["seed"] == 7
    assert record.metrics == {"accuracy": 0.9}
    assert record.curves == {"loss": [2.0, 1.5]}
    assert [file.name for file in record.files] == ["model.json", "confusion.png"]
    assert record.dataset_digest == card.lineage["dataset_digest"]
    found = registry.find(card.version)
    assert found
    assert found.run_id == run_id
    assert found.tags["git_commit"] == "c0ffee"
    assert found.tags["dev.slipway.source"] == "memory://fake/parts/parts_1_200"


def test_registering_again_does_no_harm(
    tmp_path: Path, bucket: FakeBucket, registry: FakeModelRegistry
) -> None:
    card = make_card("parts_1_200")
    first = _register(tmp_path, card, bucket, registry)
    (tmp_path / "again").mkdir()
    assert _register(tmp_path / "again", card, bucket, registry) == first
    assert len(registry.records) == 2


def test_an_incompatible_export_is_not_registered(
    tmp_path: Path, bucket: FakeBucket, registry: FakeModelRegistry
) -> None:
    card = make_card("parts_1_200", mean=0.0)
    with pytest.raises(IncompatibleModel, match=r"mean was 127.5, is 0.0"):
        _register(tmp_path, card, bucket, registry)
    assert registry.find(card.version) is None
    assert len(registry.records) == 1


def _collect(output: Path, data: str, labels: tuple[str, ...] = ()) -> None:
    collect(
        output,
        data=data,
        skip_bad=False,
        labels=labels,
        sources=1,
        views=1,
        size=32,
        samples=1,
        seed=1,
        viewpoint="overhead",
        meshes="",
        catalogue="parts",
    )


@pytest.mark.parametrize("as_url", [False, True])
def test_images_of_a_folder_or_bucket_are_taken(tmp_path: Path, as_url: bool) -> None:
    from PIL import Image

    for label in ("bolt", "nut"):
        (tmp_path / "in" / label).mkdir(parents=True)
        Image.new("RGB", (40, 40), "red").save(tmp_path / "in" / label / "a.png")
    data = (tmp_path / "in").as_uri() if as_url else str(tmp_path / "in")
    _collect(tmp_path / "out", data)
    assert len(list((tmp_path / "out").rglob("*.png"))) == 2


def test_labels_that_would_be_ignored_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="labels"):
        _collect(tmp_path / "out", str(tmp_path), labels=("bolt",))


def test_a_bucket_without_images(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(NotFound, match="holds no data"):
        _collect(tmp_path / "out", (tmp_path / "in").as_uri())
    assert not (tmp_path / "out").exists()
