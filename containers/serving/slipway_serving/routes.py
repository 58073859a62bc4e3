"""What each path answers: from a request to a document, without sockets."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from slipway_serving import recordings, v2
from slipway_serving.bodies import given
from slipway_serving.card import Task
from slipway_serving.engine import Engine
from slipway_serving.errors import RequestError
from slipway_serving.images import ImageFolder
from slipway_serving.messages import Request, Response, error_response, wrong_method
from slipway_serving.predictions import Journal, ranked
from slipway_serving.readiness import Readiness
from slipway_serving.streams.routes import READINGS, take_readings, tell_streams

if TYPE_CHECKING:
    from slipway_serving.streams.watching import Watching


class App:
    """Answers requests with one engine."""

    def __init__(
        self,
        engine: Engine,
        images: ImageFolder,
        digest: str,
        readiness: Readiness,
        journal: Journal,
        *,
        streams: "Watching | None" = None,
    ) -> None:
        """`digest` is that of the image this runs in, empty outside of one."""
        self._streams = streams
        self._engine = engine
        self._images = images
        self._digest = digest
        self._readiness = readiness
        self._journal = journal

    def respond(self, request: Request) -> Response:
        """The answer; a RequestError becomes one as well, in the form the path's protocol has."""
        path = request.path.rstrip("/") or "/"
        if path == "/v2" or path.startswith("/v2/"):
            service = v2.Service(self._engine, self._journal, ready=not self._readiness.problem)
            return v2.respond(service, request.method, path, request.body)
        try:
            return self._route(request, path)
        except RequestError as error:
            return error_response(error)

    def leave(self) -> None:
        """From now on say that nothing new should come."""
        self._readiness.leave()
        if self._streams:
            self._streams.leave()

    def _route(self, request: Request, path: str) -> Response:
        routes: dict[str, tuple[str, Callable[[Request], Response]]] = {
            "/healthz": ("GET", self._health),
            "/readyz": ("GET", self._ready),
            "/version": ("GET", self._version),
            "/predict": ("POST", self._predict),
            "/streams": ("GET", lambda _: tell_streams(self._streams)),
        }
        if path.startswith(READINGS):
            routes[path] = ("POST", lambda _: take_readings(self._streams, request))
        if path not in routes:
            here = "/predict/, /version/, /streams/, /v2"
            raise RequestError(404, "not-found", f"{request.path!r} is not here; {here} are")
        method, answer = routes[path]
        refusal = wrong_method(request.method, method)
        return error_response(*refusal) if refusal else answer(request)

    def _health(self, _: Request) -> Response:
        """Whether a new start would make anything better."""
        return _state(self._readiness.problem if self._readiness.stuck else "")

    def _ready(self, _: Request) -> Response:
        """Whether requests should be sent here."""
        return _state(self._readiness.problem)

    def _version(self, _: Request) -> Response:
        return Response(200, {"version": self._digest, "model": self._engine.card.version})

    def _predict(self, request: Request) -> Response:
        started = time.perf_counter()
        engine, card = self._engine, self._engine.card
        signal = card.task is not Task.IMAGES
        asked = given(request, self._images, signal=signal)
        found = (
            recordings.predict(engine, asked.data, asked.form)
            if signal
            else {"predictions": ranked(card, engine.scores(asked.data))}
        )
        milliseconds = round((time.perf_counter() - started) * 1000, 3)
        self._journal.add(asked.source, asked.data, found["predictions"], milliseconds)
        return Response(
            200,
            {"model": card.name, "version": card.version, **found, "latency_ms": milliseconds},
        )


def _state(problem: str) -> Response:
    return Response(503, {"status": problem}) if problem else Response(200, {"status": "ok"})
