"""Does the same work for several archs, two at a time."""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import TypeVar

from slipway.domain.names import Arch

_Result = TypeVar("_Result")
_AT_ONCE = 2  # a build waits for the disk as long as it computes, an emulated run only computes


def each_arch(work: Callable[[Arch], _Result], archs: Sequence[Arch]) -> dict[Arch, _Result]:
    """The results by arch. After a failure nothing more is begun, and the failure is raised when
    all that was begun has ended."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        futures = {arch: pool.submit(work, arch) for arch in archs}
        try:
            wait(futures.values(), return_when=FIRST_EXCEPTION)
        finally:
            for future in futures.values():
                future.cancel()
    for future in futures.values():
        if not future.cancelled() and (error := future.exception()):
            raise error
    return {arch: future.result() for arch, future in futures.items()}
