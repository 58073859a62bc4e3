"""A registry's address. Plain HTTP is spoken to loopback addresses only."""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from slipway.domain.errors import InvalidSetting

_ADDRESS = re.compile(
    r"(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?P<port>:[0-9]{1,5})?"
    r"(?P<prefix>(/[a-z0-9]+([._-]+[a-z0-9]+)*)*)"
)
_DOCKER_HUB = "docker.io"
_DOCKER_HUB_HOST = "registry-1.docker.io"


@dataclass(frozen=True)
class Address:
    """`HOST[:PORT][/PREFIX]`, taken apart."""

    host: str  # with the port
    prefix: str

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Check `text`; raises InvalidSetting."""
        match = _ADDRESS.fullmatch(text)
        if not match:
            shown = "an address with credentials in it" if "@" in text else repr(text)
            raise InvalidSetting(
                f"registry.address: {shown} is not a registry's address",
                hint="Write HOST[:PORT][/PREFIX]; credentials belong in the docker configuration",
            )
        return cls(match["host"] + (match["port"] or ""), match["prefix"].lstrip("/"))

    @property
    def origin(self) -> str:
        """`https://HOST`, and `http://HOST` for a loopback address."""
        host = _DOCKER_HUB_HOST if self.host == _DOCKER_HUB else self.host
        return f"{'http' if is_loopback(urlsplit('//' + host).hostname) else 'https'}://{host}"


def is_loopback(host: str | None) -> bool:
    """Whether a host name or address can only be this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False
