"""The model_done function as functions-framework serves it, with a packager that only notes."""

import json
from pathlib import Path
from typing import Any

import functions_framework
import pytest

from slipway import wiring
from slipway.domain.errors import GoldenMismatch, SlipwayError, Unavailable
from slipway.domain.image import Digest
from slipway.domain.names import ModelVersion
from slipway.services.progress import Progress
from slipway.services.release_images import Packaged

SOURCE = Path(__file__).parents[2] / "cloud-functions" / "model_done" / "main.py"
VERSION = ModelVersion.parse("equipmentparts_1_1501089026")
KEY = f"equipmentparts/{VERSION}/TRAINER-DONE"
TYPE = "google.cloud.storage.object.v1.finalized"


class Noting:
    """Stands in for ModelPackager."""

    def __init__(self) -> None:
        self.packaged: list[ModelVersion] = []
        self.error: SlipwayError | None = None

    def package(self, version: ModelVersion, progress: Progress) -> Packaged:
        self.packaged.append(version)
        if self.error:
            raise self.error
        return Packaged(version, "equipmentparts", Digest("sha256:" + "a" * 64), {}, ())


@pytest.fixture
def packager(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Noting:
    noting = Noting()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(wiring, "model_packager", lambda settings: noting)
    return noting


@pytest.fixture
def client(packager: Noting) -> Any:
    app = functions_framework.create_app(  # type: ignore[no-untyped-call]
        "model_done", str(SOURCE), "cloudevent"
    )
    return app.test_client()


def binary(key: str) -> dict[str, Any]:
    headers = {
        "ce-specversion": "1.0",
        "ce-id": "1",
        "ce-type": TYPE,
        "ce-source": "//storage.googleapis.com/projects/_/buckets/b",
        "content-type": "application/json",
    }
    return {"data": json.dumps({"bucket": "b", "name": key}), "headers": headers}


def structured(key: str) -> dict[str, Any]:
    event = {
        "specversion": "1.0",
        "id": "1",
        "type": TYPE,
        "source": "//storage.googleapis.com/projects/_/buckets/b",
        "datacontenttype": "application/json",
        "data": {"bucket": "b", "name": key},
    }
    return {"data": json.dumps(event), "headers": {"content-type": "application/cloudevents+json"}}


@pytest.mark.parametrize("mode", [binary, structured])
def test_the_marker_of_a_version_packages_it(mode: Any, client: Any, packager: Noting) -> None:
    assert client.post("/", **mode(KEY)).status_code == 200
    assert packager.packaged == [VERSION]


def test_other_objects_are_left_alone(client: Any, packager: Noting) -> None:
    for key in (f"equipmentparts/{VERSION}/model.json", "TRAINER-DONE", "a/b/TRAINER-DONE"):
        assert client.post("/", **binary(key)).status_code == 200
    assert packager.packaged == []


def test_a_bucket_with_a_prefix_has_it_in_the_key(
    client: Any, packager: Noting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIPWAY_BUCKETS_MODEL_OUTPUT", "gs://b/team/models")
    client.post("/", **binary(f"team/models/{KEY}"))
    client.post("/", **binary(f"other/models/{KEY}"))
    assert packager.packaged == [VERSION]


@pytest.mark.parametrize(
    ("error", "status"),
    [(Unavailable("registry is down", hint="start it"), 503), (GoldenMismatch("off by 3"), 400)],
)
def test_an_error_is_the_answer(
    error: SlipwayError, status: int, client: Any, packager: Noting
) -> None:
    packager.error = error
    answer = client.post("/", **binary(KEY))
    assert answer.status_code == status
    assert f"{error.code}: {error.message}" in answer.text
