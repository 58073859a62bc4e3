"""Asks a serving container over HTTP: what it is, and what it makes of an image or a recording."""

import http.client
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from slipway.domain.errors import Failed, InvalidInput, SlipwayError, Unavailable
from slipway.domain.names import ModelVersion
from slipway.domain.prediction import Prediction, Score, Window
from slipway.domain.system_errors import os_errors

_LARGEST = 100 * 2**20  # bytes of a file; servers take less
_RECORDINGS = "Give a CSV or WAV file, or JSON, of at least a window of what the model takes"
_HINTS = {"not-a-recording": _RECORDINGS, "too-short": _RECORDINGS}


def read_file(path: Path) -> bytes:
    """An image or recording to be sent; NotFound when it is missing, InvalidInput when it is a
    folder or far too large."""
    with os_errors(str(path)):
        if path.is_dir():
            raise InvalidInput(f"{path} is a folder", hint="Name one file in it")
        if path.stat().st_size > _LARGEST:
            raise InvalidInput(
                f"{path} is too large: {path.stat().st_size} bytes", hint="Make it smaller"
            )
        return path.read_bytes()


def recording_body(
    values: Sequence[Sequence[float]], axes: Sequence[str], rate: float = 0.0
) -> bytes:
    """What is sent of samples, each of them a value of every axis; `rate` in Hz, 0: not said."""
    said = {"rate": rate} if rate else {}
    return json.dumps({"values": values, "axes": list(axes), **said}).encode()


class ServingClient:
    """Talks to the server at `url`; every call raises Unavailable when it does not answer within
    `timeout` seconds, Failed when what answers is no serving container."""

    def __init__(self, url: str, timeout: float = 10.0) -> None:
        """Raises InvalidInput when `url` is none of http."""
        try:
            parts = urlsplit(url)
            self._address = (parts.hostname or "", parts.port)
        except ValueError:
            parts = urlsplit("")
        if parts.scheme not in ("http", "https") or not self._address[0]:
            raise InvalidInput(f"{url!r} is not a URL", hint="For example http://127.0.0.1:8080")
        self._secure = parts.scheme == "https"
        self._path = parts.path.rstrip("/")
        self._url = url
        self._timeout = timeout

    def predict(self, data: bytes, what: str) -> Prediction:
        """Send an image's or a recording's bytes; InvalidInput, naming `what`, when it is none."""
        # One connection for both questions, so that one server answers both when two share a port.
        with self._connection() as connection:
            answer = self._ask(connection, "POST", "/predict/", data, what)
            about = self._ask(connection, "GET", "/version/", None, what)
        try:
            return Prediction(
                version=str(answer["version"]),
                digest=str(about["version"]),
                scores=_scores(answer["predictions"]),
                windows=[_window(one) for one in answer.get("windows", [])],
                threshold=float(answer["threshold"]) if "threshold" in answer else None,
                latency_ms=float(answer["latency_ms"]),
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise self._stranger() from error

    def version(self) -> ModelVersion:
        """The model that answers."""
        with self._connection() as connection:
            about = self._ask(connection, "GET", "/version/", None, self._url)
        try:
            return ModelVersion.parse(about["model"])
        except (KeyError, TypeError, SlipwayError) as error:
            raise self._stranger() from error

    @contextmanager
    def _connection(self) -> Iterator[http.client.HTTPConnection]:
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        host, port = self._address
        connection = kind(host, port, timeout=self._timeout)
        try:
            yield connection
        except ConnectionRefusedError as error:
            raise Unavailable(
                f"nothing answers at {self._url}",
                hint="Is the model's pod running? slipway device list shows it",
            ) from error
        except TimeoutError as error:
            raise Unavailable(
                f"{self._url} does not answer within {self._timeout:g} s", hint="Try again later"
            ) from error
        except OSError as error:
            raise Unavailable(
                f"{self._url}: {error.strerror or error}", hint="Check the address and the port"
            ) from error
        except http.client.HTTPException as error:
            raise self._stranger() from error
        finally:
            connection.close()

    def _ask(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        body: bytes | None,
        what: str,
    ) -> dict[str, Any]:
        headers = {"Content-Type": "application/octet-stream"} if body is not None else {}
        connection.request(method, self._path + path, body, headers)
        response = connection.getresponse()
        try:
            document = json.loads(response.read())
        except ValueError as error:
            raise self._stranger() from error
        if not isinstance(document, dict):
            raise self._stranger()
        if response.status != 200:
            raise self._refusal(response.status, document, what)
        return document

    def _refusal(self, status: int, document: Mapping[str, object], what: str) -> SlipwayError:
        given = document.get("error")
        error: dict[str, object] = given if isinstance(given, dict) else {}
        message = str(error.get("message", ""))
        if status in (400, 413) and message:
            hint = _HINTS.get(str(error.get("code")), "Give a PNG, JPEG, WebP, BMP or GIF")
            return InvalidInput(f"{what}: {message}", hint=hint)
        if status in (502, 503, 504):
            return Unavailable(f"{self._url} is busy: {message or status}", hint="Try again later")
        return Failed(
            f"{self._url} answers {status}: {message or 'without a reason'}",
            hint="Read the log of the model's pod",
        )

    def _stranger(self) -> Failed:
        return Failed(
            f"what answers at {self._url} is not a serving container of Slipway",
            hint="Check the address and the port",
        )


def _scores(predictions: Sequence[Mapping[str, Any]]) -> list[Score]:
    return [Score(str(one["label"]), float(one["score"])) for one in predictions]


def _window(document: Mapping[str, Any]) -> Window:
    return Window(
        int(document["start"]),
        _scores(document.get("predictions", [])),
        float(document["score"]) if "score" in document else None,
    )
