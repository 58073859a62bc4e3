"""What a request to predict gives: a file, by its name, in a form or as the body is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from slipway_serving.errors import RequestError
from slipway_serving.images import ImageFolder
from slipway_serving.messages import Request, parse_json
from slipway_serving.multipart import first_file

_FORMS: Final[Mapping[str, str]] = {
    "application/json": "json",
    "text/csv": "csv",
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/wave": "wav",
    "audio/vnd.wave": "wav",
}
_ANY: Final = ("", "application/octet-stream")


@dataclass(frozen=True)
class Given:
    """An image or a recording."""

    data: bytes
    form: str = ""  # of a recording, as slipway_features.reading calls it; empty: not said
    source: str | None = None  # its name in the image folder, if it was given by one


def given(request: Request, files: ImageFolder, *, signal: bool) -> Given:
    """What the request gives to a model of images, or of signals; RequestError."""
    kind = request.content_type.partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return Given(first_file(request.body, request.content_type))
    if kind == "application/json":
        document = parse_json(request.body)
        if isinstance(document, dict) and "path" in document:
            return Given(files.read(document["path"]), source=document["path"])
        if not signal:
            raise RequestError(400, "bad-request", 'the body is not like {"path": "nut.png"}')
    if kind in _ANY or (not signal and kind.startswith("image/")):
        return Given(request.body)
    if signal and kind in _FORMS:
        return Given(request.body, _FORMS[kind])
    files_taken = "JSON, text/csv, audio/wav" if signal else "image/…, JSON"
    raise RequestError(
        415,
        "unsupported-media-type",
        f"{kind!r}; send {files_taken}, application/octet-stream or multipart/form-data",
    )
