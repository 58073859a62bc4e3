"""The reading side alone in a process, measured from inside: `python -m agent_testing.measured`.

Each line on the standard input is `restart`, `look` (a poll that looks for a new root as well), or
a number of polls; each answer is a JSON line
with the seconds and the CPU seconds that it took and the process' proportional memory in bytes.
"""

import json
import sys
import time
from pathlib import Path

from agent_testing.pollers import Poller


def main() -> None:
    """Arguments: the device's folder and the bucket's URL."""
    poller = Poller(Path(sys.argv[1]), sys.argv[2])
    for line in sys.stdin:
        command = line.strip()
        begun, cpu = time.perf_counter(), time.process_time()
        if command == "restart":
            poller.restart()
            poller.poll()
        elif command == "look":
            poller.channel._next_root._due = 0.0
            poller.poll()
        for _ in range(int(command) if command.isdigit() else 0):
            poller.poll()
        answer = {
            "seconds": time.perf_counter() - begun,
            "cpu_seconds": time.process_time() - cpu,
            "memory": _memory(),
        }
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _memory() -> int:
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


if __name__ == "__main__":
    main()
