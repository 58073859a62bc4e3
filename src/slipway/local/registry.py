"""Debian's docker-registry as an ordinary process on loopback."""

import urllib.error
import urllib.request
from pathlib import Path

from slipway.domain.errors import InvalidSetting
from slipway.local.process import LocalProcess
from slipway.local.registry_storage import mend
from slipway.local.tcp import require_free
from slipway.local.whole_file import write_whole
from slipway.settings import Settings

_LOOPBACK = ("127.", "localhost", "[::1]")


def is_local(settings: Settings) -> bool:
    """Whether the registry is this machine's business to start."""
    return settings.registry.address.startswith(_LOOPBACK)


def process(settings: Settings) -> LocalProcess:
    """The registry's process, running or not."""
    return LocalProcess(settings.home / "run", "registry")


def require_port(settings: Settings) -> None:
    """InvalidSetting, and PortInUse when a registry that does not run could not listen."""
    host, _, port = endpoint(settings).rpartition(":")
    if not port.isdigit():
        raise InvalidSetting(
            f"registry.address {settings.registry.address!r} names no port",
            hint="A local registry needs one: 127.0.0.1:5050",
        )
    if not process(settings).find():
        require_free(host, int(port), "registry.address")


def start(settings: Settings) -> None:
    """Start it and wait until it answers; PortInUse, MissingTool, DiskFull, Failed."""
    registry = process(settings)
    if registry.find():
        return
    require_port(settings)
    config, storage = settings.home / "run" / "registry.yml", settings.home / "registry"
    mend(storage)
    address = endpoint(settings)
    write_whole(config, _config(address, storage, settings))
    registry.start(["docker-registry", "serve", str(config)])
    registry.wait_ready(lambda: _answers(f"http://{address}/v2/"), seconds=20)


def endpoint(settings: Settings) -> str:
    """`HOST:PORT` of the registry."""
    return settings.registry.address.partition("/")[0]


def _config(address: str, storage: Path, settings: Settings) -> str:
    """YAML by hand, it is short; paths are quoted as JSON strings are."""
    import json

    monitor = f"http://127.0.0.1:{settings.local.tag_monitor_port}/"
    return f"""version: 0.1
log: {{level: warn, accesslog: {{disabled: true}}}}
storage:
  filesystem: {{rootdirectory: {json.dumps(str(storage))}}}
  delete: {{enabled: true}}
http: {{addr: {json.dumps(address)}}}
notifications:
  endpoints:
    - name: tag-monitor
      url: {monitor}
      timeout: 30s
      threshold: 5
      backoff: 2s
"""


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310  loopback, our own
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
