"""The first process of a local device: `python -m slipway.local.device_init DISK`.

It makes the namespaces, forks into them, prints the new process's pid for the caller to connect
its network, and goes on when it reads a line. Then it is what init is on a machine: it starts
containerd and the kubelet, starts them again when they end, collects orphans, and on SIGTERM lets
the pods end before it does. Killing it takes every process of the device along, as a power cut.

Standard library only and light: it stays in memory as long as the device is up.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from slipway.local import cgroups, device_mounts
from slipway.local.device_boot import ROOT, Boot
from slipway.local.namespaces import Namespace, unshare

_WATCHED = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT}
_LONGEST_PAUSE = 10.0  # seconds before a service that keeps ending is started again
_GRACE = 8.0  # seconds for pods, and then for services, to end
_LOG_LIMIT = 4 << 20  # bytes, checked when a service starts


@dataclass
class Service:
    """One process that is to run always."""

    name: str
    command: tuple[str, ...]
    pid: int = 0
    pause: float = 0.5
    due: float = field(default_factory=time.monotonic)
    started: float = 0.0

    def start(self) -> None:
        """Start it, its output appended to log/NAME.log."""
        log = Path(ROOT) / "log" / f"{self.name}.log"
        if log.exists() and log.stat().st_size > _LOG_LIMIT:
            log.replace(log.with_suffix(".log.1"))
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self.pid = os.posix_spawnp(
            self.command[0],
            self.command,
            {"PATH": os.defpath + ":/usr/sbin:/sbin", "HOME": "/root"},
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, str(log), flags, 0o640),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsid=True,
            setsigmask=[],
        )
        self.started = time.monotonic()

    def ended(self, status: int) -> None:
        """Plan the next start: at once for the first time, later and later when it keeps ending."""
        now = time.monotonic()
        self.pause = 0.5 if now - self.started > 60 else min(self.pause * 2, _LONGEST_PAUSE)
        say(f"{self.name} ended with {os.waitstatus_to_exitcode(status)}, again in {self.pause} s")
        self.pid, self.due = 0, now + self.pause


def say(text: str) -> None:
    """One line into init's own log."""
    os.write(1, f"{time.strftime('%Y-%m-%dT%H:%M:%S')} init: {text}\n".encode())


def main() -> None:
    """Start the device whose disk is the first argument."""
    disk = Path(sys.argv[1])
    boot = Boot.read(disk)
    unshare(Namespace.MOUNT | Namespace.PID | Namespace.NET | Namespace.UTS | Namespace.IPC)
    if pid := os.fork():
        os.write(1, f"{pid}\n".encode())
        os._exit(0)
    if not os.read(0, 16):  # whoever started us was killed before the network was there
        os._exit(1)
    log = os.open(disk / "log" / "init.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
    null = os.open(os.devnull, os.O_RDONLY)
    for descriptor, target in ((null, 0), (log, 1), (log, 2)):
        os.dup2(descriptor, target)
    signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
    try:
        cgroups.join(boot.cgroup)
        socket.sethostname(boot.name)
        _network(boot)
        device_mounts.arrange(disk, boot)
    except (OSError, subprocess.CalledProcessError) as error:
        say(f"cannot start: {error}")
        os._exit(1)
    os.chdir("/")
    _supervise(boot)


def _network(boot: Boot) -> None:
    commands = [
        "link set lo up",
        f"address add {boot.address}/{boot.prefix} dev eth0",
        "link set eth0 up",
    ]
    subprocess.run(["ip", "-batch", "-"], input="\n".join(commands), text=True, check=True)
    # A connection that waits at a server which closes its port goes over to the one beside it.
    migrate = Path("/proc/sys/net/ipv4/tcp_migrate_req")
    if migrate.exists():  # from Linux 5.14
        migrate.write_text("1")
    else:
        say("this kernel knows no tcp_migrate_req: an update may reset a connection")


def _supervise(boot: Boot) -> None:
    services = [
        Service("containerd", ("containerd", "--config", f"{ROOT}/etc/containerd.toml")),
        Service("kubelet", (f"{ROOT}/lib/start-kubelet", ROOT)),
    ]
    say(f"{boot.name} is up")
    while True:
        now = time.monotonic()
        for service in services:
            if not service.pid and service.due <= now:
                service.start()
        waiting = [service.due - now for service in services if not service.pid]
        received = signal.sigtimedwait(_WATCHED, max(0.0, min(waiting, default=3600.0)))
        if received and received.si_signo != signal.SIGCHLD:
            break
        for pid, status in _collect():
            for service in services:
                if service.pid == pid:
                    service.ended(status)
    _shut_down(boot, services)


def _collect() -> list[tuple[int, int]]:
    """Collect every process that has ended: all orphans of the device are init's children."""
    ended = []
    with contextlib.suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            ended.append(found)
    return ended


def _shut_down(boot: Boot, services: list[Service]) -> None:
    """The kubelet first, so that it starts nothing again; then the pods, gently; then the rest."""
    containerd, kubelet = services
    say("going down")
    _end({kubelet.pid})
    pods = cgroups.processes(f"{boot.cgroup}/kubepods")
    firsts = {pid for pid in pods if not pods.intersection(_status(pid, "PPid"))}
    # With a namespace's first process all others in it end, at once: so it comes last.
    inits = {pid for pid in firsts if _status(pid, "NSpid")[-1:] == [1]}
    _end(firsts - inits)
    _end(inits)
    _end({containerd.pid})
    with contextlib.suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)
    say("down")


def _end(pids: set[int]) -> None:
    """SIGTERM, and wait until they are gone or the time is up."""
    pids = {pid for pid in pids if pid > 1}
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _GRACE
    while time.monotonic() < deadline:
        _collect()
        if not any(Path(f"/proc/{pid}").exists() for pid in pids):
            return
        time.sleep(0.02)


def _status(pid: int, entry: str) -> list[int]:
    """The numbers of one line of what the system says of a process; none when it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return []
    found = (line.split()[1:] for line in lines if line.startswith(f"{entry}:"))
    return [int(number) for number in next(found, [])]


if __name__ == "__main__":
    main()
