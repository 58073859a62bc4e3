"""Requests that fail while servers take one another's place on one port, again and again, and while
new ones come and are taken back.

In networks of their own: as that of a device, which passes on connections that wait to be accepted
(net.ipv4.tcp_migrate_req), and as that of a system that cannot.
"""

from itertools import product

from bench.report import percentile, report
from tests.fixtures.handover import Goes, in_a_network

MOVES = 200


def main() -> None:
    """Run each server in each kind of network; needs root."""
    for server, goes, migrate in product(("serving", "hello"), Goes, (True, False)):
        figures = in_a_network(server, MOVES, goes, migrate=migrate)
        report(
            "handover",
            server=server,
            goes=goes,
            tcp_migrate_req=migrate,
            moves=MOVES,
            sent=figures["sent"],
            failed=sum(figures["failures"].values()),
            repeated=figures["repeated"],
            migrated=figures["migrated"],
            start_seconds_p50=round(percentile(figures["start"], 0.5), 3),
            leave_seconds_p50=round(percentile(figures["leave"], 0.5), 3),
            leave_seconds_p95=round(percentile(figures["leave"], 0.95), 3),
        )


if __name__ == "__main__":
    main()
