"""The catalogue of versions: what it reads and how often, what it finds, and what it does without a
source."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway.adapters.sqlite_version_index import SqliteVersionIndex
from slipway.domain.card import GoldenSample
from slipway.domain.catalogue import SIZE, VersionQuery
from slipway.domain.errors import InvalidInput, NotFound
from slipway.domain.names import Arch, Channel, ModelName, ModelVersion
from slipway.domain.snapshot import File, Snapshot
from slipway.ports.bucket import ObjectInfo
from slipway.ports.model_registry import RunRecord
from slipway.services.release_images import labels_of
from slipway.services.version_catalogue import VersionCatalogue
from tests.fakes.bucket import FakeBucket
from tests.fakes.image_registry import FakeImageRegistry
from tests.fakes.model_registry import FakeModelRegistry
from tests.fixtures.cards import make_card

PARTS = ModelName.parse("parts")


class CountingBucket(FakeBucket):
    """Remembers what was read and which folders were listed in full."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def objects(self, prefix: str = "") -> Iterator[ObjectInfo]:
        self.asked.append(prefix)
        return super().objects(prefix)

    def read(self, key: str) -> bytes:
        self.asked.append(key)
        return super().read(key)

    def folders(self, prefix: str = "") -> Iterator[str]:
        found = (info.key.removeprefix(prefix) for info in super().objects(prefix))
        return iter({key.partition("/")[0] for key in found if "/" in key})


class Shop:
    """An installation's three sources, and a catalogue of them."""

    def __init__(self, folder: Path) -> None:
        self.bucket = CountingBucket()
        self.models = FakeModelRegistry()
        self.images = FakeImageRegistry()
        self.index = SqliteVersionIndex(folder / "console" / "index.db")
        self.catalogue = VersionCatalogue(self.index, self.bucket, lambda: self.models, self.images)

    def publish(
        self, version: str, *, accuracy: float = 0.9, size: int = 1000, golden: int = 0
    ) -> ModelVersion:
        parsed = ModelVersion.parse(version)
        sample = GoldenSample("aGVsbG8=", ((1.0, 2.0),))
        card = dataclasses.replace(make_card(version, accuracy=accuracy), golden=(sample,) * golden)
        folder = f"{parsed.name}/{version}/"
        self.bucket.contents[f"{folder}model.json"] = card.to_json()
        self.bucket.contents[f"{folder}model.tflite"] = b"x" * size
        self.bucket.contents[f"{folder}TRAINER-DONE"] = b""
        return parsed

    def register(self, version: ModelVersion, **parameters: int) -> str:
        record = RunRecord(parameters=parameters, metrics={"accuracy": 0.25})
        run_id = self.models.record_run(version.name, record)
        self.models.register(version, run_id, "memory://fake", {"git_commit": "abc123"})
        return run_id

    def release(self, version: ModelVersion, *channels: Channel) -> None:
        repository = version.name.repository
        image = self.images.add_image(repository, Arch.X86_64, str(version))
        index = self.images.push_index(repository, {Arch.X86_64: image}, labels_of(version))
        for tag in (str(version), *channels):
            self.images.tag(repository, index, tag)

    def found(self, query: VersionQuery) -> list[str]:
        return [str(entry.version) for entry in self.catalogue.find(query, 1, 100).entries]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def test_a_version_is_put_together_from_the_three(shop: Shop) -> None:
    version = shop.publish("parts_1_100", golden=3, size=1234)
    run_id = shop.register(version, epochs=7)
    shop.release(version, Channel.BETA, Channel.LATEST)
    shop.catalogue.refresh()
    assert shop.catalogue.problems == {}
    entry = shop.catalogue.entry(version)
    assert entry.card == make_card("parts_1_100")
    assert entry.published
    assert entry.published.golden == 3
    assert set(entry.published.sizes) == {"model.json", "model.tflite"}
    assert entry.size == 1234
    assert entry.metrics == {"accuracy": 0.9}
    assert entry.run_id == run_id
    assert entry.parameters == {"epochs": "7"}
    assert entry.channels == (Channel.LATEST, Channel.BETA)
    assert entry.problem == ""
    (model,) = shop.catalogue.models()
    assert (model.name, model.count, model.broken) == (PARTS, 1, 0)
    assert model.newest == entry
    assert model.channels == {Channel.LATEST: version, Channel.BETA: version}


def test_what_is_complete_is_read_once(shop: Shop) -> None:
    for number in (1, 2, 3):
        shop.publish(f"parts_1_{number}")
    shop.catalogue.refresh()
    shop.bucket.asked.clear()
    shop.publish("parts_1_7")
    shop.catalogue.refresh()
    assert shop.bucket.asked == ["parts/parts_1_7/", "parts/parts_1_7/model.json"]
    shop.bucket.asked.clear()
    shop.catalogue.refresh()
    again = VersionCatalogue(shop.index, shop.bucket, lambda: shop.models, shop.images)
    again.refresh()
    assert shop.bucket.asked == []
    assert len(shop.found(VersionQuery())) == 4


def test_a_training_that_goes_on_is_no_version_yet(shop: Shop) -> None:
    version = shop.publish("parts_1_100")
    del shop.bucket.contents["parts/parts_1_100/TRAINER-DONE"]
    shop.catalogue.refresh()
    assert shop.found(VersionQuery()) == []
    shop.bucket.contents["parts/parts_1_100/TRAINER-DONE"] = b""
    assert shop.catalogue.entry(version).card, "who asks for it gets it at once"


@pytest.mark.parametrize(
    ("card", "problem"),
    [
        (None, "has no model.json"),
        (b"{", "not JSON"),
        (make_card("parts_1_99").to_json(), "says version parts_1_99"),
    ],
)
def test_a_version_without_a_sound_card_is_shown_as_such(
    shop: Shop, card: bytes | None, problem: str
) -> None:
    version = shop.publish("parts_1_100")
    key = "parts/parts_1_100/model.json"
    good = shop.bucket.contents.pop(key)
    if card is not None:
        shop.bucket.contents[key] = card
    shop.catalogue.refresh()
    entry = shop.catalogue.entry(version)
    assert entry.card is None
    assert problem in entry.problem
    assert shop.catalogue.models()[0].broken == 1
    shop.bucket.contents[key] = good
    shop.catalogue.refresh()
    assert shop.catalogue.entry(version).problem == "", "it is looked at again"


def test_registered_without_files_and_the_other_way_round(shop: Shop) -> None:
    version = ModelVersion.parse("parts_1_100")
    shop.register(version, epochs=3)
    shop.publish("parts_1_200")
    shop.catalogue.refresh()
    bare = shop.catalogue.entry(version)
    assert "not in the model-output bucket" in bare.problem
    assert bare.metrics == {"accuracy": 0.25}
    assert bare.lineage["git_commit"] == "abc123"
    assert shop.catalogue.entry(ModelVersion.parse("parts_1_200")).run_id == ""


def test_what_is_taken_out_everywhere_is_gone(shop: Shop) -> None:
    version = shop.publish("parts_1_100")
    shop.register(version)
    shop.catalogue.refresh()
    for key in list(shop.bucket.contents):
        shop.bucket.delete(key)
    shop.catalogue.refresh()
    assert "not in the model-output bucket" in shop.catalogue.entry(version).problem
    shop.models = FakeModelRegistry()
    again = VersionCatalogue(shop.index, shop.bucket, lambda: shop.models, shop.images)
    again.refresh(everything=True)
    assert again.models() == []
    with pytest.raises(NotFound, match="parts_1_100"):
        again.entry(version)


def test_tags_that_change_and_channels_that_move(shop: Shop) -> None:
    first, second = shop.publish("parts_1_100"), shop.publish("parts_1_200")
    shop.register(first)
    shop.register(second)
    shop.release(first, Channel.STABLE)
    shop.catalogue.refresh()
    shop.models.annotate(first, {"dev.slipway.image": "sha256:1"})
    shop.release(second, Channel.STABLE)
    shop.catalogue.refresh()
    assert shop.catalogue.entry(first).tags["dev.slipway.image"] == "sha256:1"
    assert shop.catalogue.entry(first).parameters == {}
    assert shop.catalogue.entry(first).channels == ()
    assert shop.catalogue.entry(second).channels == (Channel.STABLE,)


def test_the_model_registry_is_left_alone_while_its_mark_is_the_same(shop: Shop) -> None:
    opened, mark = [], "1"

    def catalogue() -> VersionCatalogue:
        def open_models() -> FakeModelRegistry:
            opened.append(mark)
            return shop.models

        return VersionCatalogue(shop.index, shop.bucket, open_models, shop.images, lambda: mark)

    version = shop.publish("parts_1_100")
    catalogue().refresh(everything=True)
    shop.register(version)
    catalogue().refresh(everything=True)
    assert opened == ["1"]
    assert catalogue().entry(version).run_id == ""
    mark = "2"
    staying = catalogue()
    staying.refresh()
    assert opened == ["1", "2"]
    assert staying.entry(version).run_id
    shop.models = FakeModelRegistry()
    staying.refresh()
    catalogue().refresh(everything=True)
    assert opened == ["1", "2", "2"], "the look before was not at everything"
    assert staying.entry(version).run_id == ""
    catalogue().refresh(everything=True)
    assert opened == ["1", "2", "2"]


def test_a_source_that_is_down_holds_up_no_other(shop: Shop) -> None:
    version = shop.publish("parts_1_100")
    shop.release(version, Channel.BETA)
    shop.catalogue.refresh()
    shop.images.down = True
    newer = shop.publish("parts_1_200")
    shop.register(newer)
    shop.catalogue.refresh()
    assert list(shop.catalogue.problems) == ["the image registry"]
    assert shop.catalogue.entry(newer).run_id
    assert shop.catalogue.entry(version).channels == (Channel.BETA,), "as it was known last"
    shop.bucket.missing = True
    shop.catalogue.refresh()
    assert list(shop.catalogue.problems) == ["the model-output bucket", "the image registry"]
    assert len(shop.found(VersionQuery())) == 2


def test_who_stops_waits_for_no_long_reading(shop: Shop) -> None:
    shop.publish("parts_1_100")
    shop.catalogue.refresh(stopped=lambda: True)
    assert shop.found(VersionQuery()) == []
    shop.catalogue.refresh()
    assert shop.found(VersionQuery()) == ["parts_1_100"]


def test_what_others_keep_in_the_bucket_is_no_version(shop: Shop) -> None:
    for key in ("datasets/objects/ab", "parts/versions/100", "parts/other_1_5/TRAINER-DONE", "x"):
        shop.bucket.contents[key] = b""
    shop.publish("parts_1_100")
    shop.catalogue.refresh()
    assert shop.found(VersionQuery()) == ["parts_1_100"]
    assert [model.name for model in shop.catalogue.models()] == [PARTS]


def test_search_filter_sort_and_pages(shop: Shop) -> None:
    for number, (accuracy, size) in enumerate([(0.5, 30), (0.9, 10), (0.7, 20)], 1):
        version = shop.publish(f"parts_1_{number}", accuracy=accuracy, size=size)
        shop.register(version, epochs=number)
    shop.release(ModelVersion.parse("parts_1_2"), Channel.ALPHA)
    other = shop.publish("motion_1_9")
    shop.release(other, Channel.ALPHA)
    shop.catalogue.refresh()
    all_parts = VersionQuery(name=PARTS)
    with_ = dataclasses.replace
    assert shop.found(all_parts) == ["parts_1_3", "parts_1_2", "parts_1_1"]
    assert shop.found(with_(all_parts, descending=False))[0] == "parts_1_1"
    by_accuracy = with_(all_parts, sort="accuracy")
    assert shop.found(by_accuracy) == ["parts_1_2", "parts_1_3", "parts_1_1"]
    assert shop.found(with_(by_accuracy, descending=False))[0] == "parts_1_1"
    assert shop.found(with_(all_parts, sort=SIZE)) == ["parts_1_1", "parts_1_3", "parts_1_2"]
    with pytest.raises(InvalidInput, match="unheard of"):
        shop.found(with_(all_parts, sort="unheard of"))
    assert shop.found(VersionQuery(channel=Channel.ALPHA)) == ["motion_1_9", "parts_1_2"]
    assert shop.found(with_(all_parts, channel=Channel.ALPHA)) == ["parts_1_2"]
    assert shop.found(VersionQuery(search="epochs=3")) == ["parts_1_3"]
    assert shop.found(VersionQuery(search="MOTION  nut")) == ["motion_1_9"]
    assert shop.found(VersionQuery(search="c0ffee")) != []
    assert shop.found(VersionQuery(search="%' OR 1=1 --")) == []
    page = shop.catalogue.find(all_parts, 2, 2)
    assert [str(entry.version) for entry in page.entries] == ["parts_1_1"]
    assert page.total == 3
    assert shop.catalogue.metrics(PARTS) == ["accuracy"]


def _listing(*files: tuple[str, str]) -> bytes:
    return Snapshot(tuple(File(path, 1, digit * 64) for path, digit in sorted(files))).to_json()


def test_two_versions_beside_each_other(shop: Shop) -> None:
    a = shop.publish("parts_1_100", accuracy=0.5, size=100)
    b = shop.publish("parts_1_200", accuracy=0.75, size=150)
    shop.register(a, epochs=3, seed=1)
    shop.register(b, epochs=9, seed=1)
    keys = [f"parts/{version}/snapshot.json" for version in (a, b)]
    listings = (
        _listing(("bolt/a", "0"), ("bolt/b", "0"), ("nut/a", "0")),
        _listing(("bolt/a", "1"), ("bolt/c", "0"), ("nut/a", "0"), ("ring/a", "0")),
    )
    shop.bucket.contents.update(zip(keys, listings, strict=True))
    shop.catalogue.refresh()
    found = shop.catalogue.compare(a, b)
    (accuracy,) = found.metrics
    assert (accuracy.before, accuracy.after, accuracy.better) == (0.5, 0.75, True)
    assert accuracy.difference == 0.25
    assert (found.size.difference, found.size.better) == (50, False)
    assert found.parameters == {"epochs": ("3", "9")}
    labels = found.dataset.labels
    assert labels
    bolt = labels["bolt"]
    assert (bolt.before, bolt.after) == (2, 2)
    assert (bolt.added, bolt.removed, bolt.changed) == (1, 1, 1)
    assert (labels["nut"].before, labels["nut"].added, labels["nut"].changed) == (1, 0, 0)
    assert (labels["ring"].before, labels["ring"].after, labels["ring"].added) == (0, 1, 1)
    back = shop.catalogue.compare(b, a)
    assert back.metrics[0].better is False
    assert back.size.better is True


def test_a_dataset_whose_files_were_not_kept(shop: Shop) -> None:
    a, b = shop.publish("parts_1_100"), shop.publish("parts_1_200")
    shop.bucket.contents[f"parts/{a}/snapshot.json"] = _listing(("bolt/a", "0"))
    shop.catalogue.refresh()
    found = shop.catalogue.compare(a, b)
    assert found.dataset.labels is None
    assert found.dataset.unlisted == (str(b),)
    assert found.dataset.same is True, "the cards' digests still say"
    assert found.metrics[0].better is None
    assert not found.parameters_known


def test_labels_and_what_callers_would_stumble_over(shop: Shop) -> None:
    a, b = shop.publish("parts_1_100"), shop.publish("parts_2_200")
    changed = make_card(str(b), labels=("nut", "ring"), size=64)
    shop.bucket.contents[f"parts/{b}/model.json"] = changed.to_json()
    shop.catalogue.refresh()
    found = shop.catalogue.compare(a, b)
    assert (found.labels_added, found.labels_removed) == (("ring",), ("bolt",))
    assert found.breaks
    assert "label bolt disappeared" in found.breaks
