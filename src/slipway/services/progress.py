"""How services that take long say what they do."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from slipway.domain.names import Arch


class Progress(Protocol):
    """Is told of each stage twice: when it begins, and with its seconds when it has ended well."""

    def __call__(self, stage: str, arch: Arch | None, seconds: float | None) -> None:
        """Called from several threads."""


def silent(stage: str, arch: Arch | None, seconds: float | None) -> None:
    """Progress that nobody wants to see."""


@contextmanager
def stage(progress: Progress, name: str, arch: Arch | None = None) -> Iterator[None]:
    """Report one stage."""
    progress(name, arch, None)
    start = time.monotonic()
    yield
    progress(name, arch, time.monotonic() - start)
