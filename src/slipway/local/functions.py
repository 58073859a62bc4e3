"""The cloud functions on this machine, served by functions-framework as a cloud would."""

import sys
from pathlib import Path

from slipway.domain.errors import NotFound
from slipway.local.process import LocalProcess
from slipway.local.tcp import listens, require_free
from slipway.settings import Settings

SOURCES = Path(__file__).parents[3] / "cloud-functions"
_SIGNATURES = {"model_done": "cloudevent", "tag_monitor": "http", "git_push": "http"}


def process(settings: Settings, name: str) -> LocalProcess:
    """A function's process, running or not."""
    return LocalProcess(settings.home / "run", name)


def port(settings: Settings, name: str) -> int:
    """The loopback port that a function listens on."""
    ports = {
        "model_done": settings.local.model_done_port,
        "tag_monitor": settings.local.tag_monitor_port,
        "git_push": settings.local.git_push_port,
    }
    return ports[name]


def require_port(settings: Settings, name: str) -> None:
    """InvalidSetting, and PortInUse when a function that does not run could not listen."""
    if not process(settings, name).find():
        require_free("127.0.0.1", port(settings, name), f"local.{name}_port")


def start(settings: Settings, name: str) -> None:
    """Start a function and wait until it listens; PortInUse, NotFound, Failed."""
    function = process(settings, name)
    if function.find():
        return
    source = SOURCES / name / "main.py"
    if not source.exists():
        raise NotFound(f"{source} is not there", hint="slipway up runs from a checkout")
    number = port(settings, name)
    require_port(settings, name)
    command = [sys.executable, "-m", "functions_framework", "--source", str(source)]
    command += ["--target", name, "--signature-type", _SIGNATURES[name]]
    command += ["--host", "127.0.0.1", "--port", str(number)]
    function.start(command, {"SLIPWAY_HOME": str(settings.home)})
    function.wait_ready(lambda: listens(number), seconds=60)
