"""`python -m bench [NAME …]`: run all benchmarks, or those that are named."""

import importlib
import sys

NAMES = (
    "startup",
    "packaging",
    "handover",
    "spool",
    "agent_verification",
    "push",
    "delivery",
    "reliability",
    "spectral",
    "streams",
    "mfcc",
    "console_events",
    "console_pages",
    "features",
)


def main() -> None:
    """Run them one after another."""
    chosen = sys.argv[1:] or NAMES
    unknown = sorted(set(chosen) - set(NAMES))
    if unknown:
        sys.exit(f"error: no benchmark {unknown[0]!r}\nhint: There are {', '.join(NAMES)}")
    for name in chosen:
        importlib.import_module(f"bench.{name}").main()


if __name__ == "__main__":
    main()
