"""`python3 -m slipway_hello`: answers `/version/` with the digest of its image, and two probes."""

import argparse
import signal
import sys
import threading

from slipway_hello.server import Server


def main() -> int:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="slipway_hello", description=__doc__)
    parser.add_argument("--listen", default="127.0.0.1", metavar="ADDRESS")
    parser.add_argument("--port", type=int, default=8090, choices=range(65536), metavar="PORT")
    parser.add_argument("--private", metavar="ADDRESS", help="listen there too, with nobody else")
    options = parser.parse_args()
    ends = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)  # for sigwait, in every thread
    addresses = [(options.private, False)] if options.private else []
    servers: list[Server] = []
    for address, shared in (*addresses, (options.listen, True)):
        try:
            servers.append(Server(address, options.port, shared=shared))
        except OSError as error:
            sys.stderr.write(f"error: cannot listen on {address}:{options.port}: {error}\n")
            return 1
    # Nothing is answered before all of them listen: a probe that is answered tells the truth.
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    signal.sigwait(ends)
    for server in servers:
        server.shutdown()
        server.drain()
    return 0


if __name__ == "__main__":
    sys.exit(main())
