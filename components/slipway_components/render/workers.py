"""Spreads jobs over worker processes, one for each core, and ends them whatever happens."""

import contextlib
import os
import pickle
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, cast

from slipway.domain.errors import Failed, SlipwayError
from slipway_components.render.worker import Job

Answer = Path | SlipwayError | None


def render_all(jobs: Sequence[Job], workers: int) -> Iterator[Path]:
    """Yield each image's path as it is written, in no particular order.

    Raises what a worker raised, or Failed naming the mesh on which a worker ended. When the
    caller stops, by an error or by ctrl-C, no worker lives on.
    """
    waiting: queue.SimpleQueue[Job] = queue.SimpleQueue()
    for job in jobs:
        waiting.put(job)
    answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()
    processes = [_start() for _ in range(min(workers, len(jobs)))]
    threads = [
        threading.Thread(target=_feed, args=(process, waiting, answers), daemon=True)
        for process in processes
    ]
    try:
        for thread in threads:
            thread.start()
        at_work = len(threads)
        while at_work:
            answer = answers.get()
            if isinstance(answer, SlipwayError):
                raise answer
            if answer is None:
                at_work -= 1
            else:
                yield answer
    finally:
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()
        for thread in threads:
            thread.join()
        for process in processes:
            with contextlib.suppress(BrokenPipeError), process:
                pass  # closes the pipes


def _start() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "slipway_components.render.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        process_group=0,  # ctrl-C is for this process, which ends the workers itself
    )


def _feed(
    process: subprocess.Popen[bytes],
    waiting: "queue.SimpleQueue[Job]",
    answers: "queue.SimpleQueue[Answer]",
) -> None:
    """Hand one worker job after job, and its answers on; None when there are no more jobs."""
    jobs, replies = cast(BinaryIO, process.stdin), cast(BinaryIO, process.stdout)
    while True:
        try:
            job = waiting.get_nowait()
        except queue.Empty:
            answers.put(None)
            return
        try:
            pickle.dump(job, jobs)
            jobs.flush()
            while (answer := pickle.load(replies)) is not None:  # noqa: S301  our own child
                answers.put(answer)
                if isinstance(answer, SlipwayError):
                    return
        except (EOFError, OSError, pickle.UnpicklingError):
            answers.put(
                Failed(
                    f"the renderer ended with status {process.wait()} on mesh {job.source.name}",
                    hint="Its last words are above; a status of -9 often means too little memory",
                )
            )
            return
