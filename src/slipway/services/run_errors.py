"""Turns what a run says of its failure back into an error."""

from collections.abc import Iterator

from slipway.domain.errors import RunFailed, SlipwayError
from slipway.ports.pipeline_backend import RunError


def as_exception(error: RunError, log: str) -> SlipwayError:
    """The error of a failed run, of the kind that its task raised; `log` is where to read on."""
    kinds = {kind.code: kind for kind in _kinds(SlipwayError)}
    hint = f"{error.hint}. The log is {log}" if error.hint else f"Read the log, {log}"
    return kinds.get(error.code, RunFailed)(error.message, hint=hint)


def _kinds(root: type[SlipwayError]) -> Iterator[type[SlipwayError]]:
    yield root
    for kind in root.__subclasses__():
        yield from _kinds(kind)
