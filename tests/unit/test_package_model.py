"""Packaging a model, with fakes: what is released, and what a failure leaves behind."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from slipway import wiring
from slipway.domain.card import GoldenSample, ModelCard, Task, Tensor
from slipway.domain.errors import GoldenMismatch, InvalidCard, NotFound, Unavailable
from slipway.domain.names import Arch, ModelVersion
from slipway.ports.image_builder import BuiltImage, Outcome
from slipway.ports.model_registry import RunRecord
from slipway.services.image_context import ImageSources, Workshop
from slipway.services.package_model import ModelPackager, version_of_marker
from slipway.settings import load
from tests.fakes.bucket import FakeBucket
from tests.fakes.image_builder import FakeImageBuilder
from tests.fakes.image_parts import FakeImageParts
from tests.fakes.image_registry import FakeImageRegistry
from tests.fakes.model_registry import FakeModelRegistry
from tests.fixtures.free_ports import free_port

ROOT = Path(__file__).parents[2]
VERSION = ModelVersion.parse("EquipmentParts_1_1501089026")
NEXT = ModelVersion.parse("EquipmentParts_1_1501090000")
REPOSITORY = "equipmentparts"
GOOD = json.dumps({"ok": True, "samples": 2, "max_distance": 0.0})


def card(version: ModelVersion) -> ModelCard:
    tensor = Tensor("image", (1, 2), "int8")
    return ModelCard(
        version, Task.IMAGES, ("a", "b"), (tensor,), (tensor,), {"kind": "image"},
        golden=(GoldenSample("aGk=", ((1.0, 2.0),)),), lineage={"git_commit": "c0ffee"},
    )  # fmt: skip


def add_model(bucket: FakeBucket, version: ModelVersion) -> None:
    folder = f"{version.name}/{version}/"
    bucket.write(f"{folder}model.tflite", str(version).encode())
    bucket.write(f"{folder}model.json", card(version).to_json())
    bucket.write(f"{folder}saved_model/saved_model.pb", b"large")
    bucket.write(f"{folder}TRAINER-DONE", b"")


class Bench:
    """A packager over fakes."""

    def __init__(self, cache: Path) -> None:
        self.registry = FakeImageRegistry()
        self.builder = FakeImageBuilder(self.registry)
        self.builder.answer = lambda image, command: Outcome(0, GOOD + "\n", "")
        self.parts = FakeImageParts()
        self.bucket = FakeBucket()
        for version in (VERSION, NEXT):
            add_model(self.bucket, version)
        packages = [
            ROOT / "containers" / "serving" / "slipway_serving",
            ROOT / "src" / "slipway_features",
        ]
        sources = ImageSources(ROOT / "containers", tuple(packages))
        self.workshop = Workshop(
            self.builder, self.registry, self.parts, sources, list(Arch), cache
        )
        self.packager = ModelPackager(self.workshop, self.bucket)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_release_has_an_image_per_arch_and_the_tags(bench: Bench) -> None:
    done = bench.packager.package(VERSION)
    assert bench.registry.tags(REPOSITORY) == ["EquipmentParts_1_1501089026", "latest"]
    assert bench.registry.resolve(REPOSITORY, "latest") == done.digest
    index = bench.registry.index(REPOSITORY, done.digest)
    assert set(index.images) == set(Arch)
    assert index.annotations["dev.slipway.model"] == "EquipmentParts"
    assert index.annotations["dev.slipway.version"] == str(VERSION)
    assert index.annotations["org.opencontainers.image.created"] == "2017-07-26T17:10:26Z"
    assert index.annotations["org.opencontainers.image.revision"] == "c0ffee"


def test_the_model_and_its_card_are_all_that_goes_into_the_image(bench: Bench) -> None:
    seen: list[list[str]] = []
    build = bench.builder.build

    def spy(request):  # type: ignore[no-untyped-def]
        seen.append(sorted(p.name for p in request.context.iterdir()))
        return build(request)

    bench.builder.build = spy  # type: ignore[method-assign]
    bench.packager.package(VERSION)
    assert seen.count(["model.json", "model.tflite"]) == len(Arch)


def test_packaging_again_gives_the_same_digest_and_makes_nothing_shared_again(
    bench: Bench,
) -> None:
    first = bench.packager.package(VERSION)
    made = len(bench.parts.made)
    assert made == 2 * len(Arch)  # file system and wheels
    assert bench.packager.package(VERSION) == first
    assert len(bench.parts.made) == made


def test_a_registry_that_lost_the_shared_images_gets_them_again(bench: Bench) -> None:
    first = bench.packager.package(VERSION)
    for tag in bench.registry.tags("slipway-serving"):
        bench.registry.remove_tag("slipway-serving", tag)
    assert bench.packager.package(VERSION) == first
    again = bench.parts.made[2 * len(Arch) :]
    assert sorted(again) == sorted(f"wheels {arch}" for arch in Arch)  # the base was still there


def test_latest_follows_the_newest_version_only(bench: Bench) -> None:
    newer = bench.packager.package(NEXT)
    older = bench.packager.package(VERSION)
    assert older.channels == ()
    assert bench.registry.resolve(REPOSITORY, "latest") == newer.digest
    assert bench.registry.resolve(REPOSITORY, str(VERSION)) == older.digest


@pytest.mark.parametrize(
    ("outcome", "message"),
    [
        (
            Outcome(1, json.dumps({"sample": 2, "max_distance": 3.0, "tolerance": 0.0}), ""),
            r"golden sample 2 is off by 3\.0, 0\.0 is allowed",
        ),
        (Outcome(1, json.dumps({"ok": False, "error": "no such operator"}), ""), "no such op"),
        (Outcome(139, "", "qemu: uncaught target signal 11"), "exit status 139"),
        (Outcome(0, "not JSON", ""), "without an answer"),
        (Outcome(1, GOOD, ""), "armv7l"),
    ],
)
def test_an_arch_that_answers_differently_stops_the_release(
    bench: Bench, outcome: Outcome, message: str
) -> None:
    """The other archs are fine, and yet nothing is pushed, tagged or kept."""

    def answer(image: BuiltImage, command: Sequence[str]) -> Outcome:
        return outcome if image.arch is Arch.ARMV7L else Outcome(0, GOOD, "")

    bench.builder.answer = answer
    with pytest.raises(GoldenMismatch, match=message) as caught:
        bench.packager.package(VERSION)
    assert "armv7l" in caught.value.message
    assert bench.registry.tags(REPOSITORY) == []
    assert REPOSITORY not in bench.builder.pushed
    titles = {request.labels["org.opencontainers.image.title"] for request in bench.builder.kept}
    assert titles <= {"slipway-base", "slipway-serving"}


def test_a_registry_that_goes_away_in_the_middle_leaves_the_tags_alone(bench: Bench) -> None:
    before = bench.packager.package(VERSION).digest

    def answer(image: BuiltImage, command: Sequence[str]) -> Outcome:
        bench.registry.down |= image.arch is Arch.AARCH64  # archs answer in any order
        return Outcome(0, GOOD, "")

    bench.builder.answer = answer
    with pytest.raises(Unavailable):
        bench.packager.package(NEXT)
    bench.registry.down = False
    assert bench.registry.resolve(REPOSITORY, "latest") == before
    assert bench.registry.resolve(REPOSITORY, str(NEXT)) is None


def test_a_model_registry_that_is_away_is_noticed_before_anything_is_built(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(Unavailable, match=url):
        wiring.model_packager(load(tmp_path, {"SLIPWAY_MLFLOW_TRACKING_URI": url}))


def test_a_model_registry_that_goes_away_is_told_when_it_is_packaged_again(bench: Bench) -> None:
    models = FakeModelRegistry()
    models.register(VERSION, models.record_run(VERSION.name, RunRecord()), "file:///x", {})
    away = True

    def opening() -> FakeModelRegistry:
        if away:
            raise Unavailable("MLflow does not answer", hint="Start it")
        return models

    packager = ModelPackager(bench.workshop, bench.bucket, opening)
    with pytest.raises(Unavailable, match=f"{VERSION} is released .* MLflow does not") as caught:
        packager.package(VERSION)
    assert f"Start it. Then slipway package {VERSION}" in caught.value.hint
    released = bench.registry.resolve(REPOSITORY, "latest")
    assert str(released) in caught.value.message
    away = False
    assert packager.package(VERSION).digest == released
    found = models.find(VERSION)
    assert found
    assert found.tags["dev.slipway.image"] == str(released)


@pytest.mark.parametrize("name", ["TRAINER-DONE", "model.tflite", "model.json"])
def test_a_file_that_is_missing_is_named(bench: Bench, name: str) -> None:
    bench.bucket.delete(f"{VERSION.name}/{VERSION}/{name}")
    with pytest.raises(NotFound, match=name):
        bench.packager.package(VERSION)
    assert not bench.builder.built


@pytest.mark.parametrize(
    ("change", "message"),
    [({"version": NEXT}, "1501090000"), ({"golden": ()}, "no golden samples")],
)
def test_a_card_that_cannot_be_is_refused(
    bench: Bench, change: dict[str, object], message: str
) -> None:
    wrong = replace(card(VERSION), **change)  # type: ignore[arg-type]
    bench.bucket.write(f"{VERSION.name}/{VERSION}/model.json", wrong.to_json())
    with pytest.raises(InvalidCard, match=message):
        bench.packager.package(VERSION)
    assert not bench.builder.built


def test_every_stage_is_reported_when_it_begins_and_ends(bench: Bench) -> None:
    told: list[tuple[str, Arch | None, bool]] = []
    bench.packager.package(VERSION, lambda *a: told.append((a[0], a[1], a[2] is not None)))
    for arch in Arch:
        for stage in ("base", "runtime", "build", "self-test", "push"):
            assert told.index((stage, arch, False)) < told.index((stage, arch, True))
    assert told[0] == ("model", None, False)
    assert told[-1] == ("tag", None, True)


@pytest.mark.parametrize(
    ("key", "version"),
    [
        ("EquipmentParts/EquipmentParts_1_1501089026/TRAINER-DONE", VERSION),
        ("EquipmentParts/EquipmentParts_1_1501089026/model.json", None),
        ("EquipmentParts/EquipmentParts_1_1501089026/old/TRAINER-DONE", None),
        ("Other/EquipmentParts_1_1501089026/TRAINER-DONE", None),
        ("EquipmentParts/versions/TRAINER-DONE", None),
        ("TRAINER-DONE", None),
        ("", None),
    ],
)
def test_only_the_marker_of_a_version_ends_a_training(
    key: str, version: ModelVersion | None
) -> None:
    assert version_of_marker(key) == version
