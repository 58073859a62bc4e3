"""`/runs/ID/…`: the log and the files of a run. What a run wrote is shown as text, or downloaded;
a browser gets nothing of it that it could run."""

from collections.abc import Iterator
from typing import BinaryIO
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from slipway.console.pages.runs import found_run
from slipway.console.run_results import PICTURES
from slipway.domain.errors import InvalidInput, NotFound
from slipway.ports.pipeline_backend import PipelineBackend
from slipway.services.run_log import read_part

_BLOCK = 1 << 16


def log_part(request: Request) -> Response:
    """A part of the log from `?offset=` on, and in a header where to go on."""
    run, backend = found_run(request)
    text = request.query_params.get("offset", "0")
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise InvalidInput(f"offset is {text[:80]!r}", hint="It takes a whole number from 0")
    part = read_part(backend, run.state.id, int(text))
    return PlainTextResponse(part.text, headers={"Slipway-Log-End": str(part.end)})


def whole_log(request: Request) -> Response:
    """All of the log, as it was written."""
    run, backend = found_run(request)
    backend.log_size(run.state.id)  # raises before anything is sent
    parts = _parts(backend, run.state.id)
    headers = _attachment(f"{run.state.id}.log")
    return StreamingResponse(parts, media_type="text/plain; charset=utf-8", headers=headers)


def artifact(request: Request) -> Response:
    """One file, to be saved."""
    run, backend = found_run(request)
    path = request.path_params["path"]
    file = backend.open_artifact(run.state.id, path)
    return StreamingResponse(
        _blocks(file),
        media_type="application/octet-stream",
        headers=_attachment(path.rpartition("/")[2]),
    )


def picture(request: Request) -> Response:
    """One file that is a picture; NotFound for one that only says so."""
    run, backend = found_run(request)
    path = request.path_params["path"]
    file = backend.open_artifact(run.state.id, path)
    start = file.read(16)
    for kind, magic in PICTURES.items():
        if start.startswith(magic):
            return StreamingResponse(_blocks(file, start), media_type=kind)
    file.close()
    raise NotFound(f"the artifact {path!r} is no picture", hint="Download it from the run's page")


def _blocks(file: BinaryIO, start: bytes = b"") -> Iterator[bytes]:
    with file:
        yield start
        while block := file.read(_BLOCK):
            yield block


def _parts(backend: PipelineBackend, run_id: str) -> Iterator[str]:
    text, end = backend.log(run_id, 0)
    while text:
        yield text
        text, end = backend.log(run_id, end)


def _attachment(name: str) -> dict[str, str]:
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}


ROUTES = [
    Route("/runs/{id}/log", log_part),
    Route("/runs/{id}/log/file", whole_log),
    Route("/runs/{id}/artifacts/{path:path}", artifact),
    Route("/runs/{id}/pictures/{path:path}", picture),
]
