"""What a reverse proxy says of the browser behind it, believed only from `console.proxy_from`."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from slipway.domain.errors import InvalidSetting

Network = IPv4Network | IPv6Network


class ProxyMiddleware:
    """Takes scheme and address from X-Forwarded-Proto and X-Forwarded-For of a proxy that is one
    of ours; `request.state.through_proxy` says whether the request came by one."""

    def __init__(self, app: ASGIApp, proxies: Sequence[Network]) -> None:
        self._app = app
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] == "http":
            peer = (scope.get("client") or ("", 0))[0]
            through = scope.setdefault("state", {})["through_proxy"] = self._is_proxy(peer)
            if through:
                headers = HTTPConnection(scope).headers
                scheme = headers.get("x-forwarded-proto", "").strip().lower()
                if scheme in ("http", "https"):
                    scope["scheme"] = scheme
                # The last is what our proxy saw; those before it are what the browser claims.
                told = headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
                if told:
                    scope["client"] = (told[:64], 0)
        await self._app(scope, receive, send)

    def _is_proxy(self, address: str) -> bool:
        try:
            return any(ip_address(address) in network for network in self._proxies)
        except ValueError:
            return False


def proxy_networks(addresses: Sequence[str]) -> list[Network]:
    """The addresses of `console.proxy_from`, each of a machine or a network; InvalidSetting."""
    networks = []
    for address in addresses:
        try:
            networks.append(ip_network(address))
        except ValueError as error:
            raise InvalidSetting(
                f"console.proxy_from names {address!r}: {error}",
                hint="It takes addresses and networks, such as 10.1.2.3 or 10.1.2.0/24",
            ) from error
    return networks
