"""Requests and responses as values, and what all routes need to read and refuse them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from slipway_serving.errors import RequestError

_ELEMENTS: Final = 2**19  # values of a body; some 100 bytes each in memory


@dataclass(frozen=True)
class Request:
    """One request; `path` without query, `body` empty unless the method is POST."""

    method: str
    path: str
    content_type: str = ""
    body: bytes = b""


@dataclass(frozen=True)
class Response:
    """A status, a JSON document, and headers beside the usual ones."""

    status: int
    document: Any
    headers: Mapping[str, str] = field(default_factory=dict)


def parse_json(body: bytes) -> Any:
    """The body's JSON value; RequestError. NaN and Infinity are not JSON."""
    if body.count(b",") > _ELEMENTS:
        raise RequestError(413, "too-large", f"the body has more than {_ELEMENTS} values")
    try:
        return json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise RequestError(400, "bad-json", f"the body is not JSON: {error}") from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number of JSON")


def wrong_method(method: str, allowed: str) -> tuple[RequestError, Mapping[str, str]] | None:
    """The refusal and its headers, None when the method is right; HEAD goes where GET does."""
    if method == allowed or (method, allowed) == ("HEAD", "GET"):
        return None
    error = RequestError(405, "method-not-allowed", f"{method} is not allowed, {allowed} is")
    return error, {"Allow": "GET, HEAD" if allowed == "GET" else allowed}


def error_response(error: RequestError, headers: Mapping[str, str] | None = None) -> Response:
    """`{"error": {"code", "message"}}`."""
    document = {"error": {"code": error.code, "message": error.message}}
    return Response(error.status, document, headers or {})
