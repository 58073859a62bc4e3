"""The log of a run for people: parts of it, as plain text."""

from dataclasses import dataclass

from slipway.domain.plain_text import plain, unfinished
from slipway.ports.pipeline_backend import PipelineBackend

TAIL = 1 << 16  # bytes of a log's end that are shown at first


@dataclass(frozen=True)
class LogPart:
    """Some text of a log; what comes after it begins at the offset `end`."""

    text: str
    start: int
    end: int


def read_part(backend: PipelineBackend, run_id: str, offset: int) -> LogPart:
    """What comes from `offset` on, a part at a time; a command to a terminal that is half there
    comes with the next. NotFound, InvalidInput for an offset below 0."""
    text, end = backend.log(run_id, offset)
    cut = unfinished(text)
    return LogPart(plain(text[: len(text) - cut]), offset, end - cut)


def read_tail(backend: PipelineBackend, run_id: str) -> LogPart:
    """The end of the log from a line's beginning on; `start` is 0 when that is all of it."""
    size = backend.log_size(run_id)
    start = end = max(0, size - TAIL)
    raw, text = "", "…"
    while text and end < size:
        text, end = backend.log(run_id, end)
        raw += text
    if start:
        raw = raw.partition("\n")[2]
    cut = unfinished(raw)
    return LogPart(plain(raw[: len(raw) - cut]), start, end - cut)
