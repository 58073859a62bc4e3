"""`POST /readings/SENSOR` and `GET /streams/`."""

from typing import TYPE_CHECKING

from slipway_features.messages import Rejected
from slipway_serving.errors import RequestError
from slipway_serving.messages import Request, Response

if TYPE_CHECKING:
    from slipway_serving.streams.watching import Watching

READINGS = "/readings/"


def take_readings(watching: "Watching | None", request: Request) -> Response:
    """202 with the predictions that a sensor's message completes; RequestError."""
    sensor = request.path.removeprefix(READINGS).rstrip("/")
    try:
        made = watching.take(sensor, request.body) if watching else None
    except Rejected as error:
        status = 503 if error.reason == "too-many-sensors" else 400
        raise RequestError(status, error.reason, error.message) from error
    if made is None:
        raise RequestError(404, "no-streams", "there are no streams here; GET /streams/ says why")
    return Response(202, {"predictions": [prediction.document() for prediction in made]})


def tell_streams(watching: "Watching | None") -> Response:
    """How the streams stand."""
    if watching is None:
        return Response(200, {"running": False, "problem": "this container was given no streams"})
    return Response(200, watching.document())
