"""The Open Inference Protocol, asked by the protocol group's own client and by hand."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from slipway_serving.engine import Engine
from slipway_serving.messages import Response
from slipway_serving.predictions import Journal
from slipway_serving.v2 import Service, respond

from tests.fixtures.serving import VERSION, Serving, running_serving

NAME = "equipmentparts"
PATH = f"/v2/models/{NAME}/infer"


@pytest.fixture(scope="module")
def shared(tiny_version: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with running_serving(tiny_version, tmp_path_factory.mktemp("serving")) as running:
        yield running


@pytest.fixture(scope="module")
def engine(tiny_version: Path) -> Engine:
    return Engine(tiny_version)


def _service(engine: Engine, *, ready: bool = True) -> Service:
    return Service(engine, Journal(engine.card, "", None), ready)


def _request(engine: Engine, **changes: Any) -> dict[str, Any]:
    shape = list(engine.card.input.shape)
    data = np.random.default_rng(5).integers(-128, 128, shape).reshape(-1).tolist()
    return {
        "inputs": [{"name": "image", "shape": shape, "datatype": "INT8", "data": data, **changes}]
    }


def _infer(engine: Engine, request: Any) -> Response:
    return respond(_service(engine), "POST", PATH, json.dumps(request).encode())


def test_the_protocols_own_client_gets_answers(shared: Serving, engine: Engine) -> None:
    import httpx
    from open_inference.openapi import BadRequestError, InferenceRequest
    from open_inference.openapi.client import OpenInferenceClient
    from open_inference.openapi.core.api_error import ApiError

    with httpx.Client() as connection:
        client = OpenInferenceClient(
            base_url=f"http://127.0.0.1:{shared.port}", httpx_client=connection
        )
        client.check_server_liveness()
        client.check_server_readiness()
        client.check_model_readiness(NAME)
        client.check_model_version_readiness(NAME, VERSION)
        assert client.read_server_metadata().name == "slipway-serving"
        metadata = client.read_model_metadata(NAME)
        assert metadata == client.read_model_version_metadata(NAME, VERSION)
        assert metadata.versions == [VERSION]
        assert metadata.inputs is not None
        assert metadata.inputs[0].datatype == "INT8"
        assert tuple(metadata.inputs[0].shape) == engine.card.input.shape
        document = _request(engine)
        request = InferenceRequest.parse_obj({"id": "42", **document})
        answer = client.model_infer(NAME, request=request)
        versioned = client.model_version_infer(NAME, VERSION, request=request)
        assert answer == versioned
        assert (answer.id, answer.model_name, answer.model_version) == ("42", NAME, VERSION)
        values = np.array(document["inputs"][0]["data"], np.int8).reshape(engine.card.input.shape)
        (expected,) = engine.run([values])
        (output,) = answer.outputs
        assert (output.name, output.datatype) == ("scores", "INT8")
        assert output.shape == list(expected.shape)
        assert output.data.__root__ == expected.reshape(-1).tolist()
        with pytest.raises(ApiError) as unknown:
            client.read_model_metadata("other")
        assert unknown.value.status_code == 404
        wrong = InferenceRequest.parse_obj(_request(engine, datatype="FP32"))
        with pytest.raises(BadRequestError) as caught:
            client.model_infer(NAME, request=wrong)
        assert "FP32" in caught.value.body["error"]


def test_nested_data_is_the_same_as_flat(engine: Engine) -> None:
    flat = _request(engine)
    shape = engine.card.input.shape
    nested = _request(engine)
    nested["inputs"][0]["data"] = np.array(flat["inputs"][0]["data"]).reshape(shape).tolist()
    assert _infer(engine, flat) == _infer(engine, nested)
    assert _infer(engine, flat).status == 200


def test_only_the_outputs_asked_for_come_back(engine: Engine) -> None:
    asked = {**_request(engine), "outputs": [{"name": "scores"}]}
    assert len(_infer(engine, asked).document["outputs"]) == 1
    assert "id" not in _infer(engine, asked).document


def test_bad_inference_requests_say_what_is_wrong(engine: Engine) -> None:
    size = int(np.prod(engine.card.input.shape))
    cases: list[tuple[Any, str]] = [
        ([], "not an object"),
        ({}, "inputs"),
        ({"inputs": []}, "inputs"),
        ({"inputs": [1]}, "image"),
        ({**_request(engine), "id": 7}, "id"),
        ({**_request(engine), "outputs": 7}, "outputs"),
        ({**_request(engine), "outputs": [{"name": "other"}]}, "other"),
        ({**_request(engine), "outputs": [{"name": ["scores"]}]}, "scores"),
        (_request(engine, name="other"), "image"),
        (_request(engine, datatype="UINT8"), "UINT8"),
        (_request(engine, shape=[1, 2, 3]), "shape"),
        (_request(engine, shape=None), "shape"),
        (_request(engine, data=[0] * (size - 1)), str(size)),
        (_request(engine, data=[0] * (size + 1)), str(size)),
        (_request(engine, data=None), str(size)),
        (_request(engine, data=[128] + [0] * (size - 1)), "beyond"),
        (_request(engine, data=[-129] + [0] * (size - 1)), "beyond"),
        (_request(engine, data=[10**400] + [0] * (size - 1)), "beyond"),
        (_request(engine, data=[0.5] + [0] * (size - 1)), "not INT8"),
        (_request(engine, data=["0"] * size), "not numbers"),
        (_request(engine, data=[True] * size), "not numbers"),
        (_request(engine, data=[None] * size), "not numbers"),
    ]
    for request, word in cases:
        answer = _infer(engine, request)
        assert (answer.status, set(answer.document)) == (400, {"error"}), request
        assert word in answer.document["error"]
    deep = b'{"inputs": [{"data": ' + b"[" * 900 + b"]" * 900 + b"}]}"
    assert respond(_service(engine), "POST", PATH, deep).status == 400


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v2/health/live", 200),
        ("HEAD", "/v2/health/ready", 200),
        ("GET", f"/v2/models/{NAME}/versions/{VERSION}/ready", 200),
        ("GET", "/v2/models", 404),
        ("GET", "/v2/models/", 404),
        ("GET", "/v2/model", 404),
        ("GET", "/v2/infer", 404),
        ("GET", "/v2/ready", 404),
        ("GET", "/v2/models/other", 404),
        ("GET", f"/v2/models/{NAME}/versions", 404),
        ("GET", f"/v2/models/{NAME}/versions/1", 404),
        ("GET", f"/v2/models/{NAME}/config", 404),
        ("GET", f"/v2/models/{NAME}/infer/more", 404),
        ("GET", PATH, 405),
        ("POST", "/v2", 405),
        ("POST", PATH, 400),
    ],
)
def test_paths_of_the_protocol(shared: Serving, method: str, path: str, status: int) -> None:
    answer = shared.ask(method, path, b"{}" if method == "POST" else None)
    assert answer.status == status, answer.body
    if status >= 400:
        assert list(answer.json) == ["error"]
        assert isinstance(answer.json["error"], str)


def test_mangled_requests_are_refused_or_answered_but_never_crash(engine: Engine) -> None:
    dice = random.Random(4)
    whole = json.dumps({**_request(engine), "id": "x", "outputs": [{"name": "scores"}]}).encode()
    for _ in range(300):
        body = bytearray(whole)
        for _ in range(dice.randrange(1, 5)):
            # The beginning and the end, where the structure is.
            place = dice.choice([dice.randrange(90), len(body) - 1 - dice.randrange(60)])
            body[place : place + dice.randrange(3)] = dice.choice(
                [b"", b'"', b"[", b"]", b"{", b"null", b"1e999", b"-", b"\xff", b",", b"true"]
            )
        assert respond(_service(engine), "POST", PATH, bytes(body)).status in (200, 400)


def test_what_is_not_ready_says_so(engine: Engine) -> None:
    for path in ("/v2/health/ready", f"/v2/models/{NAME}/ready"):
        for ready, status in ((True, 200), (False, 503)):
            answer = respond(_service(engine, ready=ready), "GET", path, b"")
            assert (answer.status, answer.document["ready"]) == (status, ready)
    assert respond(_service(engine, ready=False), "GET", "/v2/health/live", b"").status == 200
