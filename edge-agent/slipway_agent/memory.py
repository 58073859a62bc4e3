"""The device's memory."""

from pathlib import Path

_MEMINFO = Path("/proc/meminfo")


def memory() -> tuple[int, int]:
    """All of it and what is available, in bytes."""
    lines = (line.split() for line in _MEMINFO.read_text().splitlines())
    found = {line[0]: int(line[1]) * 1024 for line in lines if len(line) > 1}
    return found["MemTotal:"], found["MemAvailable:"]


def available() -> int:
    """What new programs can have without anything being taken from others, in bytes."""
    return memory()[1]
