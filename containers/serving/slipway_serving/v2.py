"""The Open Inference Protocol, version 2, over REST: tensors as the model stores them, as JSON.

The model goes by its model name, its one version by the model version. Specification:
github.com/kserve/open-inference-protocol, specification/protocol/inference_rest.md
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slipway_serving import __version__
from slipway_serving.card import Card, Tensor
from slipway_serving.engine import Engine
from slipway_serving.errors import RequestError
from slipway_serving.messages import Response, parse_json, wrong_method
from slipway_serving.predictions import Journal, ranked

_PLATFORM = "tensorflow_tflite"
_DATATYPES = {
    "bool": "BOOL",
    "float32": "FP32",
    "int16": "INT16",
    "int32": "INT32",
    "int64": "INT64",
    "int8": "INT8",
    "uint8": "UINT8",
}


@dataclass(frozen=True)
class Service:
    """What is asked."""

    engine: Engine
    journal: Journal
    ready: bool = True


def respond(service: Service, method: str, path: str, body: bytes) -> Response:
    """Answer a path that begins with /v2; errors are `{"error": message}`, as the protocol says."""
    try:
        return _route(service, method, path, body)
    except RequestError as error:
        return Response(error.status, {"error": error.message})


def _route(service: Service, method: str, path: str, body: bytes) -> Response:
    card, ready = service.engine.card, service.ready
    what = _endpoint(card, path.removeprefix("/v2").strip("/"))
    documents: dict[str, Callable[[], dict[str, Any]]] = {
        "": lambda: {"name": "slipway-serving", "version": __version__, "extensions": []},
        "health/live": lambda: {"live": True},
        "health/ready": lambda: {"ready": ready, "live": True},
        "models/*": lambda: _metadata(card),
        "models/*/ready": lambda: {"name": card.name, "ready": ready},
        "models/*/infer": lambda: _infer(service, parse_json(body)),
    }
    if what not in documents:
        raise RequestError(404, "not-found", f"{path!r} is not a path of the protocol")
    refusal = wrong_method(method, "POST" if what == "models/*/infer" else "GET")
    if refusal:
        error, headers = refusal
        return Response(error.status, {"error": error.message}, headers)
    return Response(200 if ready or not what.endswith("/ready") else 503, documents[what]())


def _endpoint(card: Card, path: str) -> str:
    """`models/NAME[/versions/VERSION][/infer|/ready]` → `models/*[…]`; others stay as they are."""
    if not path.startswith("models/"):
        return path
    _, name, *rest = path.split("/")
    if name != card.name:
        raise RequestError(404, "not-found", f"there is no model {name!r}, but {card.name!r}")
    if rest[:1] == ["versions"]:
        asked = rest[1] if len(rest) > 1 else ""
        if asked != card.version:
            raise RequestError(
                404, "not-found", f"{name} has no version {asked!r}, but {card.version!r}"
            )
        rest = rest[2:]
    return "/".join(["models", "*", *rest])


def _metadata(card: Card) -> dict[str, Any]:
    return {
        "name": card.name,
        "versions": [card.version],
        "platform": _PLATFORM,
        "inputs": [_described(card.input)],
        "outputs": [_described(output) for output in card.outputs],
    }


def _described(tensor: Tensor) -> dict[str, Any]:
    return {
        "name": tensor.name,
        "datatype": _DATATYPES[tensor.dtype],
        "shape": list(tensor.shape),
    }


def _infer(service: Service, request: Any) -> dict[str, Any]:
    engine, card = service.engine, service.engine.card
    started = time.perf_counter()
    if not isinstance(request, dict):
        raise _bad("the request is not an object")
    identifier = request.get("id")
    if identifier is not None and not isinstance(identifier, str):
        raise _bad("id is not a string")
    inputs = request.get("inputs")
    if not isinstance(inputs, list) or len(inputs) != 1:
        raise _bad(f"inputs is not a list of one tensor, {card.input.name!r}")
    wanted = _wanted(card, request.get("outputs"))
    values = _values(card.input, inputs[0])
    answers = engine.run([values])
    milliseconds = round((time.perf_counter() - started) * 1000, 3)
    scores = engine.judge(engine.restored(values), answers)
    service.journal.add(None, values.tobytes(), ranked(card, scores), milliseconds)
    return {
        "model_name": card.name,
        "model_version": card.version,
        **({"id": identifier} if identifier is not None else {}),
        "outputs": [
            {**_described(tensor), "data": answer.reshape(-1).tolist()}
            for tensor, answer in zip(card.outputs, answers, strict=True)
            if tensor.name in wanted
        ],
    }


def _wanted(card: Card, outputs: Any) -> set[str]:
    """The names of the outputs to return: all when none are asked for."""
    known = {tensor.name for tensor in card.outputs}
    if outputs is None or outputs == []:
        return known
    if not isinstance(outputs, list) or not all(isinstance(one, Mapping) for one in outputs):
        raise _bad("outputs is not a list of objects")
    asked = [one.get("name") for one in outputs]
    for name in asked:
        if not isinstance(name, str) or name not in known:
            raise _bad(f"there is no output {name!r}, but {', '.join(sorted(known))}")
    return set(asked)


def _values(tensor: Tensor, given: Any) -> NDArray[Any]:
    """The input's array; data may be flat or nested as the shape is."""
    if not isinstance(given, dict) or given.get("name") != tensor.name:
        raise _bad(f"the input is not {tensor.name!r}")
    expected = _described(tensor)
    for key in ("datatype", "shape"):
        if given.get(key) != expected[key]:
            raise _bad(f"{tensor.name} has {key} {expected[key]}, not {given.get(key)!r}")
    flat: list[Any] = []
    _flatten(given.get("data"), flat, math.prod(tensor.shape))
    if len(flat) != math.prod(tensor.shape):
        raise _bad(f"{tensor.name} has {math.prod(tensor.shape)} elements, not {len(flat)}")
    # JSON knows one kind of number: 12.0 is an integer too.
    if not all(type(value) in (int, float) for value in flat):
        raise _bad(f"{tensor.name} has elements that are not numbers")
    try:
        values = np.array(flat, np.float64)
    except OverflowError as error:
        raise _bad(f"{tensor.name} has elements beyond {expected['datatype']}") from error
    whole = tensor.dtype != "float32"
    limits = np.iinfo(tensor.dtype) if whole else np.finfo(np.float32)
    if not ((values >= limits.min) & (values <= limits.max)).all():
        raise _bad(f"{tensor.name} has elements beyond {expected['datatype']}")
    if whole and (values != np.rint(values)).any():
        raise _bad(f"{tensor.name} has elements that are not {expected['datatype']}")
    return values.astype(tensor.dtype).reshape(tensor.shape)


def _flatten(data: Any, flat: list[Any], most: int) -> None:
    """Append the leaves of nested lists in row-major order; stops soon after `most`."""
    if not isinstance(data, list):
        flat.append(data)
        return
    for item in data:
        if len(flat) > most:
            return
        _flatten(item, flat, most)


def _bad(message: str) -> RequestError:
    return RequestError(400, "bad-request", message)
