"""`python3 -m slipway_serving`: serve the model in /model, or test it."""

import argparse
import json
import os
import signal
import socket
import sys
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from slipway_serving.card import Task
from slipway_serving.engine import Engine
from slipway_serving.errors import ListenError, ModelError
from slipway_serving.images import ImageFolder
from slipway_serving.listening import listen_alone, listen_with_others
from slipway_serving.memory import give_back
from slipway_serving.options import read_options
from slipway_serving.predictions import Journal
from slipway_serving.readiness import Readiness
from slipway_serving.routes import App
from slipway_serving.selftest import self_test
from slipway_serving.server import Server
from slipway_serving.spool import Spool

if TYPE_CHECKING:
    from slipway_serving.streams.watching import Watching

_DIGEST = "SLIPWAY_IMAGE_DIGEST"  # the digest that the pod's image is pinned to
_DEVICE = "SLIPWAY_DEVICE"  # its name, as the pod is told
_PROBES = 8  # connections


def main() -> int:
    """Serve until SIGTERM; 0 when that was it, 1 when the model or the port is not usable."""
    # As a container's first process this one ends on a signal only when it has a handler.
    signal.signal(signal.SIGTERM, _leave)
    options = read_options()
    give_back()
    if options.self_test:
        report = self_test(options.model, options.threads)
        sys.stdout.write(json.dumps(report.to_json()) + "\n")
        return 0 if report.ok else 1
    try:
        _serve(options)
    except (ModelError, ListenError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


def _serve(options: argparse.Namespace) -> None:
    """Nothing is listened on before the model has answered as it should, and the address that
    clients use comes last."""
    engine = Engine(options.model, options.threads)
    readiness = Readiness(engine)
    readiness.prove()
    digest = os.environ.get(_DIGEST, "")
    spool = Spool(options.spool, options.spool_cap) if options.spool else None
    images = ImageFolder(options.images, options.max_body)
    streams = _streams(engine, options.streams) if options.streams else None
    journal = Journal(engine.card, digest, spool)
    app = App(engine, images, digest, readiness, journal, streams=streams)
    server = Server(app, max_body=options.max_body)
    server.stop_on(signal.SIGTERM, signal.SIGINT)
    if options.private:
        server.listen(listen_alone(options.private, options.port), spare=_PROBES)
    shared = listen_with_others(options.listen, options.port)
    server.listen(shared)
    readiness.start()
    host, port = shared.getsockname()
    sys.stderr.write(f"{engine.card.version} on {engine.runtime}: http://{host}:{port}/\n")
    if streams:
        streams.start()
    server.serve()
    if streams:
        streams.close()
    if spool:
        spool.close()


def _streams(engine: Engine, file: Path) -> "Watching | None":
    """The streams as the file says; None for a model of images, which has none."""
    if engine.card.task is Task.IMAGES:
        return None
    # Not with models of images: what this brings along takes time and memory.
    from slipway_serving.streams.model import EngineModel
    from slipway_serving.streams.watching import Watching

    device = os.environ.get(_DEVICE) or socket.gethostname()
    return Watching(EngineModel(engine), file, device)


def _leave(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    sys.exit(0)


if __name__ == "__main__":
    sys.exit(main())
