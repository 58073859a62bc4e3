"""Asks a serving container over HTTP: what it is, and what it sees in an image."""

import http.client
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from slipway.domain.errors import Failed, InvalidInput, SlipwayError, Unavailable
from slipway.domain.system_errors import os_errors

_LARGEST = 100 * 2**20  # bytes of an image; servers take less


@dataclass(frozen=True)
class Score:
    """One label and how sure the model is of it, 0 to 1."""

    label: str
    score: float


@dataclass(frozen=True)
class Prediction:
    """The answer to one image, best score first, and by whom it was given."""

    version: str  # model version
    digest: str  # of the image that the server runs in, empty outside of one
    scores: Sequence[Score]
    latency_ms: float  # in the server


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

    def predict(self, image: Path) -> Prediction:
        """Send an image file; NotFound when it is missing, InvalidInput when it is no image."""
        with os_errors(str(image)):
            if image.is_dir():
                raise InvalidInput(f"{image} is a folder", hint="Name one image file")
            if image.stat().st_size > _LARGEST:
                raise InvalidInput(
                    f"{image} is too large: {image.stat().st_size} bytes", hint="Make it smaller"
                )
            data = image.read_bytes()
        # One connection for both questions, so that one server answers both when two share a port.
        with self._connection() as connection:
            answer = self._ask(connection, "POST", "/predict/", data, str(image))
            about = self._ask(connection, "GET", "/version/", None, str(image))
        try:
            return Prediction(
                version=str(answer["version"]),
                digest=str(about["version"]),
                scores=[
                    Score(str(one["label"]), float(one["score"])) for one in answer["predictions"]
                ],
                latency_ms=float(answer["latency_ms"]),
            )
        except (KeyError, TypeError, ValueError) as error:
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
        image: str,
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
            raise self._refusal(response.status, document, image)
        return document

    def _refusal(self, status: int, document: Mapping[str, object], image: str) -> SlipwayError:
        error = document.get("error")
        message = str(error.get("message", "")) if isinstance(error, dict) else ""
        if status in (400, 413) and message:
            return InvalidInput(f"{image}: {message}", hint="Give a PNG, JPEG, WebP, BMP or GIF")
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
