"""`python3 -m slipway_agent`: wires the parts together and runs them."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from slipway_agent import __version__
from slipway_agent.book import Book
from slipway_agent.channel import Channel
from slipway_agent.disk import Disk
from slipway_agent.errors import AgentError
from slipway_agent.kubelet import Kubelet
from slipway_agent.lock import FolderLock
from slipway_agent.log import Log
from slipway_agent.loop import Loop
from slipway_agent.options import Options, parse
from slipway_agent.pods_folder import PodsFolder
from slipway_agent.report import Identity
from slipway_agent.reporter import Reporter
from slipway_agent.rollout import Rollout
from slipway_agent.sinks import open_sink
from slipway_agent.slot_state import SlotState
from slipway_agent.sources import Source, open_source
from slipway_agent.standby import Standby
from slipway_agent.status import ChannelState, Status
from slipway_agent.waiting import Stopped, Waiter


def main(arguments: Sequence[str] | None = None, disk: Disk | None = None) -> int:
    """Run the agent; the exit codes of `--once` are those of `slipway_agent.errors`.

    0 with `--once` means that the folder is in sync. Without it the agent ends with 0 on SIGTERM
    and SIGINT, and with an error's code only if its options are wrong.
    """
    log = Log()
    try:
        options = parse(sys.argv[1:] if arguments is None else arguments, os.environ)
        waiter = Waiter(options.state)
        waiter.listen()
        loop, bucket = _wire(options, disk or Disk(), log)
        if options.once:
            loop.once()
        else:
            log.event(
                "started",
                version=__version__,
                arch=options.arch,
                channel=options.channel,
                bucket=bucket,
            )
            loop.run(waiter, options.interval)
    except AgentError as error:
        log.event("failed", level="error", code=error.code, message=error.message, hint=error.hint)
        return error.exit_code
    except Stopped:
        log.event("stopped")
    return 0


def _wire(options: Options, disk: Disk, log: Log) -> tuple[Loop, str]:
    source = open_source(options.bucket)
    kubelet = Kubelet(options.kubelet)
    book = Book(PodsFolder(options.pods, disk), options.state, disk, log, options.spool)
    arch, follows = options.arch, options.channel

    def channel(source: Source, state: Path) -> Channel:
        return Channel(source, options.trust, state, disk, log, arch=arch, channel=follows)

    standby = None
    if options.pod:
        # A source knows what it was asked last: standing by needs one of its own.
        apart = channel(open_source(options.bucket), options.state / f"standby-{options.pod}")
        standby = Standby(book, apart, kubelet, options.state, disk, pod=options.pod)
    fixed = {"pod": options.pod, "arch": arch, "channel": follows, "bucket": source.url}
    status = Status(options.state, disk, log, **fixed)
    reporter = _reporter(options, disk, log)

    def tell(slots: tuple[SlotState, ...], state: ChannelState, error: AgentError | None) -> None:
        status.tell(slots, state, error)
        if reporter:
            reporter.tell(slots, state, error)

    loop = Loop(
        channel(source, options.state),
        Rollout(book, options.state, kubelet, log, pod=options.pod),
        standby,
        lock=FolderLock(options.pods),
        tell=tell,
        rest=reporter.rest if reporter else lambda: None,
        disk=disk,
        log=log,
    )
    return loop, source.url


def _reporter(options: Options, disk: Disk, log: Log) -> Reporter | None:
    """One that is at work, unless there is nowhere to report to, or no time with `--once`."""
    if not options.reports or options.once:
        return None
    identity = Identity(options.device, options.arch, options.channel, options.pod)
    reporter = Reporter(
        lambda: open_sink(options.reports),
        identity,
        state=options.state,
        spool=options.spool,
        disk=disk,
        log=log,
    )
    reporter.start()
    return reporter


if __name__ == "__main__":
    sys.exit(main())
