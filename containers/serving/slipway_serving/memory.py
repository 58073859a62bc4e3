"""Keeps the process small: what a large image took goes back to the system at once."""

import ctypes
from typing import Final

_M_MMAP_THRESHOLD: Final = -3  # mallopt(3)
_M_ARENA_MAX: Final = -8
_LARGE: Final = 2**20  # bytes of a block that is mapped on its own, and unmapped when it is freed


def give_back() -> None:
    """Stop glibc from raising that threshold with every large block that is freed, and from
    keeping a heap per thread: together they hold on to several times what one image takes."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:  # other C libraries have none, and no need of it
        mallopt(_M_MMAP_THRESHOLD, _LARGE)
        mallopt(_M_ARENA_MAX, 1)
