"""The local installation as a whole: registry, functions, events between them, runner,
console."""

import sys
from collections.abc import Callable

from slipway.domain.part import Part
from slipway.local import functions, registry
from slipway.local.process import LocalProcess
from slipway.local.tcp import listens, require_free
from slipway.settings import Settings

FUNCTIONS = ("model_done", "tag_monitor", "git_push")


def up(settings: Settings, say: Callable[[str], None]) -> None:
    """Start what does not run; `say` is told of each part that is ready. PortInUse before
    anything is started."""
    if registry.is_local(settings):
        registry.require_port(settings)
    for name in _wanted(settings):
        functions.require_port(settings, name)
    if not console(settings).find():
        require_free(settings.console.host, settings.console.port, "console.port")
    if registry.is_local(settings):
        registry.start(settings)
        say(f"registry      {settings.registry.address}")
    else:
        say(f"registry      {settings.registry.address} (not this machine's)")
    for name in _wanted(settings):
        functions.start(settings, name)
        say(f"{name:13} 127.0.0.1:{functions.port(settings, name)}")
    events = _events(settings)
    events.start(
        [sys.executable, "-m", "slipway.local.events"], {"SLIPWAY_HOME": str(settings.home)}
    )
    say("events        TRAINER-DONE to model_done, ticks to tag_monitor")
    _start_command(settings, runner(settings))
    say(f"runner        schedules, and {settings.runs.limit} of the queued runs at once")
    _start_command(settings, console(settings))
    address = settings.console
    console(settings).wait_ready(lambda: listens(address.port, address.host), seconds=60)
    say(f"console       {address.url}")


def down(settings: Settings, say: Callable[[str], None]) -> None:
    """Stop what runs, consumers before what they consume."""
    for process in reversed(_processes(settings)):
        if process.stop():
            say(f"{process.name} stopped")


def status(settings: Settings) -> list[Part]:
    """Every part that the settings ask for, running or not, and others that run."""
    where = {
        "registry": settings.registry.address,
        "console": settings.console.url,
        **{name: f"127.0.0.1:{functions.port(settings, name)}" for name in FUNCTIONS},
    }
    unwanted = set(FUNCTIONS) - set(_wanted(settings))
    if not registry.is_local(settings):
        unwanted.add("registry")
    parts = []
    for process in _processes(settings):
        identity = process.find()
        if not identity and process.name in unwanted:
            continue
        pid = identity.pid if identity else 0
        parts.append(
            Part(process.name, bool(identity), pid, where.get(process.name, ""), str(process.log))
        )
    return parts


def ports(settings: Settings) -> dict[str, tuple[int, LocalProcess]]:
    """What `up` listens on, by setting: the port and the process whose it is."""
    found = {
        f"local.{name}_port": (functions.port(settings, name), functions.process(settings, name))
        for name in _wanted(settings)
    }
    if registry.is_local(settings):
        number = registry.endpoint(settings).rpartition(":")[2]
        found["registry.address"] = (int(number), registry.process(settings))
    return found


def runner(settings: Settings) -> LocalProcess:
    """What lets queued runs begin."""
    return LocalProcess(settings.home / "run", "runner")


def console(settings: Settings) -> LocalProcess:
    """The web console."""
    return LocalProcess(settings.home / "run", "console")


def _start_command(settings: Settings, process: LocalProcess) -> None:
    """Start a sub-command of `slipway` that has the process's name."""
    process.start(
        [sys.executable, "-c", "from slipway.cli import main; main()", process.name],
        {"SLIPWAY_HOME": str(settings.home)},
    )


def _wanted(settings: Settings) -> list[str]:
    """The functions that the settings ask for."""
    return [name for name in FUNCTIONS if name != "git_push" or settings.repositories]


def _events(settings: Settings) -> LocalProcess:
    return LocalProcess(settings.home / "run", "events")


def _processes(settings: Settings) -> list[LocalProcess]:
    return [
        registry.process(settings),
        *(functions.process(settings, name) for name in FUNCTIONS),
        _events(settings),
        runner(settings),
        console(settings),
    ]
