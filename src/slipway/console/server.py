"""The console as a process: uvicorn on the host and the port of the settings."""

import logging
import threading
from collections.abc import Callable
from socket import socket

import uvicorn

from slipway.console.app import create_app
from slipway.console.site import Site
from slipway.local.tcp import require_free
from slipway.settings import Settings

_GRACE = 5  # seconds that requests have to end when the console does
_CONNECTIONS = 1000  # at once


class Server(uvicorn.Server):
    """Lets the browsers go that listen for events, before it waits for requests to end."""

    def __init__(self, config: uvicorn.Config, site: Site) -> None:
        super().__init__(config)
        self._site = site

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """End gently."""
        self._site.topics.close()
        await super().shutdown(sockets)


def serve(settings: Settings, say: Callable[[str], None]) -> None:
    """Serve until SIGTERM or ctrl-C; raises InvalidSetting, PortInUse and what the settings of
    users and proxies make `create_app` raise."""
    console = settings.console
    require_free(console.host, console.port, "console.port")
    app = create_app(settings)
    logging.basicConfig(
        level=logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        datefmt="%Y-%m-%dT%H:%M:%S",
    )
    config = uvicorn.Config(
        app,
        host=console.host,
        port=console.port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # doors.ProxyDoor knows which proxy to believe
        limit_concurrency=_CONNECTIONS,
        timeout_graceful_shutdown=_GRACE,
        lifespan="on",
    )
    threading.Thread(target=app.state.site.warm_up, daemon=True).start()
    say(f"console       {console.url}")
    Server(config, app.state.site).run()
