"""What a cloud's event bus and scheduler do, for the local installation.

`python -m slipway.local.events` watches the model-output folder for `TRAINER-DONE` markers and
hands each new or rewritten one to the model_done function as the CloudEvent that Cloud Storage
sends; at every interval it ticks the tag monitor, so that a lost registry notification is made
good, and keeps the installation's logs short. Delivery is at least once: a marker counts as handed
over when the function has answered 2xx. One that the function refuses is tried again `ATTEMPTS`
times, then logged and left; one that it cannot take now, because a registry is down, is tried again
until it can, ever more seldom. A full disk ends nothing: what cannot be written down is kept in
mind.
"""

import contextlib
import json
import sys
import time
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass
from pathlib import Path

from slipway.domain.errors import SlipwayError
from slipway.local import functions
from slipway.local.markers import ATTEMPTS, Watcher
from slipway.local.process import keep_short
from slipway.settings import Settings, load

_LOOK = 0.5  # seconds between two looks at the folder
_PACKAGING = 900.0  # seconds a function may take


def finalized_event(bucket: str, key: str) -> urllib.request.Request:
    """Cloud Storage's event for a finished object, in CloudEvents' binary mode, without address."""
    return urllib.request.Request(
        "http://127.0.0.1",
        data=json.dumps({"bucket": bucket, "name": key}).encode(),
        headers={
            "content-type": "application/json",
            "ce-specversion": "1.0",
            "ce-id": str(uuid.uuid4()),
            "ce-type": "google.cloud.storage.object.v1.finalized",
            "ce-source": f"//storage.googleapis.com/projects/_/buckets/{bucket}",
            "ce-subject": f"objects/{key}",
        },
    )


@dataclass(frozen=True)
class Problem:
    """Why a function did not take something."""

    text: str
    passing: bool  # it can be another time

    def __str__(self) -> str:
        return self.text


def _post(request: urllib.request.Request, port: int, seconds: float) -> Problem | None:
    """Send it to a function of ours; None when it took it."""
    request.full_url = f"http://127.0.0.1:{port}/"
    try:
        with urllib.request.urlopen(request, timeout=seconds):  # noqa: S310
            return None
    except urllib.error.HTTPError as error:
        said = error.read(2000).decode(errors="replace").strip()
        return Problem(f"{error.code} {said}", passing=error.code == 503)
    except (urllib.error.URLError, OSError) as error:
        return Problem(str(error), passing=True)


def _say(text: str) -> None:
    with contextlib.suppress(OSError):  # a full disk
        sys.stdout.write(f"{time.strftime('%Y-%m-%dT%H:%M:%S')} {text}\n")
        sys.stdout.flush()


def run(settings: Settings) -> None:
    """Watch and tick until the process is ended."""
    url = settings.model_output_url
    watcher = None
    if url.startswith("file://"):
        folder = Path(url.removeprefix("file://"))
        watcher = Watcher(folder, settings.home / "run" / "events-seen.json")
    else:
        _say(f"{url} sends its own events; only the tag monitor is ticked")
    next_tick = 0.0
    problem: Problem | None = None
    while True:
        if watcher:
            for key, stamp in watcher.pending():
                hand_over(watcher, key, stamp, settings)
        if time.monotonic() >= next_tick:
            problem = tick(settings, problem)
            for log in (settings.home / "run").glob("*.log"):
                with contextlib.suppress(OSError):  # a full disk must not end the deliveries
                    keep_short(log)
            next_tick = time.monotonic() + settings.monitor.interval
        time.sleep(_LOOK)


def tick(settings: Settings, before: Problem | None) -> Problem | None:
    """Tick the tag monitor; what is wrong with it, which is said when it is not as `before`."""
    request = urllib.request.Request("http://127.0.0.1", data=b"", method="POST")
    problem = _post(request, functions.port(settings, "tag_monitor"), 120)
    if problem != before:
        _say(f"tag_monitor: {problem or 'answers again'}")
    return problem


def given_up(version: str, line: str) -> bool:
    """Whether a line of the log says that a version's packaging is not tried again."""
    return f"/{version}/TRAINER-DONE failed, attempt {ATTEMPTS} of {ATTEMPTS}:" in line


def hand_over(watcher: Watcher, key: str, stamp: str, settings: Settings) -> None:
    """Give one marker to model_done and note how it went."""
    _say(f"model_done: {key}")
    event = finalized_event(watcher.bucket.name, key)
    problem = _post(event, functions.port(settings, "model_done"), _PACKAGING)
    if problem is None:
        _say(f"model_done: {key} is done")
        try:
            watcher.handed_over(key, stamp)
        except SlipwayError as error:
            _say(f"{error.message}; {error.hint}")
    elif problem.passing:
        pause = watcher.put_off(key, stamp)
        _say(f"model_done: {key} failed, trying again in {pause:.0f} s: {problem}")
    else:
        times = watcher.refused(key, stamp)
        _say(f"model_done: {key} failed, attempt {times} of {ATTEMPTS}: {problem}")


if __name__ == "__main__":
    run(load())
