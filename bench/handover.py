"""Requests that fail while servers take one another's place on one port, again and again.

In networks of their own: as that of a device, which passes on connections that wait to be accepted
(net.ipv4.tcp_migrate_req), and as that of a system that cannot.
"""

from bench.report import percentile, report
from tests.fixtures.handover import in_a_network

MOVES = 200


def main() -> None:
    """Run each server in each kind of network; needs root."""
    for server in ("serving", "hello"):
        for migrate in (True, False):
            figures = in_a_network(server, MOVES, migrate=migrate)
            start, leave = figures.pop("start"), figures.pop("leave")
            report(
                "handover",
                server=server,
                tcp_migrate_req=migrate,
                moves=MOVES,
                sent=figures["sent"],
                failed=sum(figures["failures"].values()),
                repeated=figures["repeated"],
                start_seconds_p50=round(percentile(start, 0.5), 3),
                leave_seconds_p50=round(percentile(leave, 0.5), 3),
                leave_seconds_p95=round(percentile(leave, 0.95), 3),
            )


if __name__ == "__main__":
    main()
