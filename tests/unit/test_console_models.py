"""The console's pages of models, over a bucket; without MLflow and without a registry."""

import time
from pathlib import Path

import pytest

from slipway import wiring
from slipway.domain.errors import Unavailable
from slipway.domain.names import ModelVersion
from slipway.ports.model_registry import RunRecord
from slipway.wiring import registries
from tests.fakes.model_registry import FakeModelRegistry
from tests.fixtures.console import Console
from tests.fixtures.model_shop import publish
from tests.fixtures.reports import pod, put, report

OLD, NEW = "parts_1_100", "parts_1_200"


@pytest.fixture
def shop(console: Console) -> Console:
    publish(console.settings, OLD, accuracy=0.5)
    publish(console.settings, NEW, accuracy=0.75, images=5)
    console.site.catalogue.refresh()
    return console


def test_without_a_model_it_says_how_to_get_one(console: Console) -> None:
    assert "There is no model version yet" in console.get("/models")
    assert "there is no model parts" in console.get("/models/parts", 404)
    console.get("/models/no_name_", 400)


def test_models_with_their_newest_version(shop: Console) -> None:
    page = shop.get("/models")
    assert f'href="/models/parts/versions/{NEW}"' in page
    assert "0.7500" in page
    assert "0.5000" not in page, "of the newest alone"
    assert "the image registry says may be old" in page, "nothing listens in this installation"


def test_versions_side_by_side(shop: Console) -> None:
    page = shop.get("/models/parts")
    assert page.index(NEW) < page.index(OLD)
    for text in ("0.7500", "0.5000", "accuracy float", "2 versions", 'name="a"', 'name="b"'):
        assert text in page
    assert "recall/bolt" not in page, "details are on the version's own page"
    worst_first = shop.get("/models/parts?sort=accuracy&order=up")
    assert worst_first.index(f'value="{OLD}"') < worst_first.index(f'value="{NEW}"')
    assert 'aria-sort="ascending"' in worst_first
    assert "1–1 of 1 versions" in shop.get(f"/models/parts?q={NEW}")
    assert "No versions" in shop.get("/models/parts?channel=beta")
    second = shop.get("/models/parts?size=1&page=2")
    assert (OLD in second, NEW in second) == (True, False)
    shop.get("/models/parts?channel=nightly", 400)
    assert "no version has the metric" in shop.get("/models/parts?sort=unheard", 400)


def test_a_version_s_card(shop: Console) -> None:
    page = shop.get(f"/models/parts/versions/{NEW}")
    for text in (
        "<dt>accuracy</dt><dd>0.75</dd>",
        "recall",
        "washer",
        "image-classification",
        "1 × 32 × 32 × 3 int8",
        "8 sources for training, 2 for validation, 2 for testing",
        "c0ffee5eedc0",
        "not registered",
        "does not answer",  # the registry of images
        "0 run it",
        "750.0 kB",
        f'href="/channels/parts/beta/promote?version={NEW}"',
        f'<option value="{OLD}"',
    ):
        assert text in page, text
    assert "there is no model version parts_1_9" in shop.get(
        "/models/parts/versions/parts_1_9", 404
    )
    shop.get(f"/models/other/versions/{NEW}", 404)
    shop.get(f"/models/parts/versions/{NEW}/files/confusion.png", 404)


def test_the_devices_that_have_it_are_counted(shop: Console) -> None:
    reports = [
        report("press-1", pods=[pod(version=NEW)], time=int(time.time())),
        report("press-2", pods=[pod(version=NEW)], time=int(time.time())),
        report("press-3", pods=[pod(version=NEW, state="failing")], time=int(time.time())),
        report("press-4", pods=[pod(version=OLD)], time=int(time.time())),
    ]
    put(shop.site.reports, *reports)
    shop.site.fleet_follower.look_at_devices()
    page = shop.get(f"/models/parts/versions/{NEW}")
    assert "2 run it" in page
    assert "1 in trouble" in page
    assert f'href="/devices?model=parts&amp;version={NEW}"' in page
    assert "1 run it" in shop.get(f"/models/parts/versions/{OLD}")


def test_how_it_was_judged_is_read_apart(
    shop: Console, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    models = FakeModelRegistry()
    (tmp_path / "confusion.json").write_text(
        '{"labels": ["bolt", "nut"], "matrix": [[7, 1], [0, 9]]}'
    )
    (tmp_path / "loss.png").write_bytes(b"picture")
    record = RunRecord(files=[tmp_path / "confusion.json", tmp_path / "loss.png"])
    version = ModelVersion.parse(NEW)
    models.register(version, models.record_run(version.name, record), "memory://x", {})
    shop.site.__dict__["models"] = models  # where the cached property keeps it
    monkeypatch.setattr(shop.site.catalogue, "_open_models", lambda: models)
    shop.site.catalogue.refresh(everything=True)
    address = f"/models/parts/versions/{NEW}"
    page = shop.get(address)
    assert f'hx-get="{address}?judged=1"' in page
    assert "Confusion matrix" not in page
    judged = shop.get(f"{address}?judged=1")
    assert "Confusion matrix" in judged
    assert 'class="number shade-4">7<' in judged
    assert f'src="{address}/files/loss.png"' in judged
    answer = shop.client.get(f"{address}/files/loss.png")
    assert (answer.content, answer.headers["content-type"]) == (b"picture", "image/png")
    shop.get(f"{address}/files/..%2Fetc", 404)

    def away(_run: str) -> list[str]:
        raise Unavailable("MLflow does not answer", hint="Start it")

    monkeypatch.setattr(models, "files", away)
    assert "MLflow does not answer" in shop.get(f"{address}?judged=1")


def test_a_version_without_a_card(shop: Console) -> None:
    bucket = wiring.model_output_bucket(shop.settings)
    bucket.write(f"parts/{NEW}/model.json", b"{")
    again = wiring.version_catalogue(shop.settings)
    publish(shop.settings, "parts_1_300")
    bucket.delete("parts/parts_1_300/model.json")
    again.refresh()
    assert "has no model.json" in shop.get("/models/parts/versions/parts_1_300")
    assert "has no model.json" in shop.get("/models/parts")
    assert "1 with a problem" in shop.get("/models")
    assert "promote?version" not in shop.get("/models/parts/versions/parts_1_300")


def test_two_versions_compared(shop: Console) -> None:
    page = shop.get(f"/models/parts/compare?a={OLD}&b={NEW}")
    for text in ("+0.2500", "B is better", "+250000 B", "B is worse", "can use B as it is"):
        assert text in page, text
    assert "Other files" in page
    assert 'data-label="Added">1<' in page
    assert "one of them has no run" in page
    back = shop.get(f"/models/parts/compare?a={NEW}&b={OLD}")
    assert "-0.2500" in back
    assert 'data-label="Removed">1<' in back
    same = shop.get(f"/models/parts/compare?a={NEW}&b={NEW}")
    assert "The same files" in same
    assert "B is" not in same
    assert "two versions are needed" in shop.get(f"/models/parts/compare?a={OLD}", 400)
    shop.get(f"/models/parts/compare?a={OLD}&b=parts_1_9", 404)
    shop.get(f"/models/parts/compare?a={OLD}&b=nonsense", 400)
    shop.get(f"/models/parts/compare?a={OLD}&b=motion_1_100", 400)


def test_files_that_were_not_kept_are_said(shop: Console) -> None:
    publish(shop.settings, "parts_1_300", images=None)
    shop.site.catalogue.refresh()
    page = shop.get(f"/models/parts/compare?a={OLD}&b=parts_1_300")
    assert "was not kept with parts_1_300" in page


def test_what_it_is_searched_for_is_shown_as_text(shop: Console) -> None:
    page = shop.get("/models/parts", params={"q": '"><script>alert(1)</script>'})
    assert "<script>alert" not in page


def test_a_page_is_shown_though_mlflow_is_away(
    shop: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_uri: str) -> None:
        raise Unavailable("MLflow does not answer", hint="Start it")

    monkeypatch.setattr(registries, "embedded_database", lambda settings: settings.home)
    monkeypatch.setattr(registries, "check_model_registry", away)
    shop.site.catalogue.refresh()
    assert "the model registry says may be old: MLflow does not answer" in shop.get("/models")
