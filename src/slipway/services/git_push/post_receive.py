#!/usr/bin/env python3
"""Git hook post-receive: tells Slipway of a push, and the pusher of the runs that it started.

Standard library of Python alone, since it runs where the repository is. `slipway git-trigger
install` copies it there, with `slipway-push.json` beside it: url, name, and the secret of which
the signature is made. A hook `post-receive.before` runs first, with the same input. It never lets
a push fail, and waits ten seconds at most.
"""

import getpass
import hashlib
import hmac
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

SECONDS = 10.0
LONGEST = 1 << 20  # bytes of an answer


def event(name: str, lines: list[str]) -> bytes:
    """The CloudEvent for the lines `BEFORE AFTER REF` that git hands over."""
    moved = (line.split(" ", 2) for line in lines)
    pushes = [{"before": before, "after": after, "ref": ref} for before, after, ref in moved]
    return json.dumps(
        {
            "specversion": "1.0",
            "type": "dev.slipway.git.push",
            "source": f"/git/{name}",
            "id": str(uuid.uuid4()),
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "datacontenttype": "application/json",
            "data": {"pusher": pusher(), "pushes": pushes},
        }
    ).encode()


def pusher() -> str:
    """Who pushes: as the git host says, else the user of this process."""
    return os.environ.get("GL_USER") or os.environ.get("REMOTE_USER") or getpass.getuser()


def tell(url: str, secret: str, body: bytes) -> list[str]:
    """Send an event; what the pusher is told."""
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {
        "content-type": "application/cloudevents+json",
        "x-slipway-signature": f"sha256={signature}",
    }
    request = urllib.request.Request(url, body, headers)  # noqa: S310  the URL is the installer's
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(request, timeout=SECONDS) as answer:
            lines = json.loads(answer.read(LONGEST))["lines"]
    except urllib.error.HTTPError as error:
        try:
            problem = json.loads(error.read(LONGEST))["error"]
            lines = [f"no run: {problem['message']}", problem["hint"]]
        except (ValueError, KeyError, TypeError):
            lines = [f"no run: {url} answered {error.code}"]
    except TimeoutError:
        lines = [f"no answer within {SECONDS:.0f} s; slipway runs shows what was started"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = getattr(error, "reason", error)
        lines = [f"no run: {url} does not answer ({reason}); slipway up starts it"]
    return [line for line in lines if line]


def main() -> int:
    """The hook; its exit status is that of the hook before it."""
    given = sys.stdin.buffer.read()
    before = Path(__file__).absolute().with_name("post-receive.before")
    status = 0
    if os.access(before, os.X_OK):
        status = subprocess.run([str(before)], input=given, check=False).returncode
    settings = json.loads(Path(__file__).with_name("slipway-push.json").read_text())
    body = event(settings["name"], given.decode(errors="replace").splitlines())
    for line in tell(settings["url"], settings["secret"], body):
        sys.stdout.write(f"slipway: {line}\n")
    return status


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Exception as error:  # noqa: BLE001  whatever it is, the push went well
        sys.stdout.write(f"slipway: no run: {type(error).__name__}: {error}\n")
