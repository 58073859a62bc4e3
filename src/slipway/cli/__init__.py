"""The command line; one file per command, each light until it is used."""

import signal
import sys


def main() -> None:
    """Run the command line. Ctrl-C ends it without a traceback, also while it is loaded."""
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # see slipway.demo.programs
        from slipway.cli.app import run

        run()
    except KeyboardInterrupt:
        sys.stderr.write("\nerror: interrupted\n")
        sys.exit(130)
