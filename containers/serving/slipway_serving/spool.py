"""Keeps records for the device's agent without ever failing or holding up who makes them.

A thread of its own writes. What it cannot write, or cannot keep up with, is lost and counted.
"""

import json
import os
import queue
import sys
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from slipway_serving.segments import Segments

_AGE: Final = 60.0  # seconds
_WAITING: Final = 1000  # records that are not written yet


class Spool:
    """One process's records in a folder; see `segments` for what it looks like."""

    def __init__(self, folder: Path, cap: int, age: float = _AGE) -> None:
        """`cap`: bytes that the folder may hold; `age`: seconds until the agent may have a
        record."""
        self._folder = folder
        self._segments = Segments(folder, cap, age)
        self._records: queue.Queue[Mapping[str, Any] | None] = queue.Queue(_WAITING)
        self._lost = 0  # records that are not counted in the folder yet
        self._counting = threading.Lock()
        self._well = True
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()

    def add(self, record: Mapping[str, Any]) -> None:
        """Keep a record, if that is possible."""
        try:
            self._records.put_nowait(record)
        except queue.Full:
            self._lose(1)

    def close(self, patience: float = 1.0) -> None:
        """Write what waits, as far as the disk does it in so many seconds, and let the agent have
        it."""
        try:
            self._records.put(None, timeout=patience)
        except queue.Full:
            return
        self._thread.join(patience)

    def _write(self) -> None:
        self._try(self._segments.adopt)
        while True:
            try:
                record = self._records.get(timeout=self._segments.left)
            except queue.Empty:
                self._try(self._segments.complete)
                continue
            if record is None:
                self._try(self._segments.complete)
                return
            line = (json.dumps(record, separators=(",", ":")) + "\n").encode()
            if self._try(partial(self._segments.append, line)):
                self._well = True
                self._settle()
            else:
                self._lose(1)

    def _try(self, step: Callable[[], None]) -> bool:
        """Whether it could be done; the log tells once when it could not."""
        try:
            step()
        except OSError as error:
            if self._well:
                sys.stderr.write(
                    f"predictions are not kept in {self._folder}: {error.strerror};"
                    f" it has to have room and be writable for user {os.geteuid()}\n"
                )
            self._well = False
            return False
        return True

    def _lose(self, records: int) -> None:
        with self._counting:
            self._lost += records

    def _settle(self) -> None:
        """Count in the folder what was lost, now that it can be written to."""
        with self._counting:
            lost, self._lost = self._lost, 0
        if lost and not self._try(partial(self._segments.count_dropped, lost)):
            self._lose(lost)
