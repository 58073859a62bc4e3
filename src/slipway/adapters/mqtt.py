"""A client of an MQTT broker, for what the command line sends and listens to."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from slipway.domain.errors import Denied, InvalidInput, MissingTool, Unavailable
from slipway.domain.system_errors import os_errors

_CONNECT: Final = 10.0  # seconds
_WAITING: Final = 1000  # messages that the broker has not acknowledged
_DENIED: Final = {"Not authorized", "Bad user name or password", "Banned"}

Hear = Callable[[str, bytes], None]  # topic, payload


@dataclass(frozen=True)
class BrokerAddress:
    """Where a broker is, and how it is spoken to."""

    host: str
    port: int
    username: str = ""
    password_file: Path | None = None
    ca_file: Path | None = None  # with it the connection is encrypted

    @classmethod
    def parse(
        cls, text: str, username: str = "", password_file: Path | None = None,
        ca_file: Path | None = None,
    ) -> "BrokerAddress":  # fmt: skip
        """From HOST[:PORT]; InvalidInput."""
        host, _, port = text.rpartition(":") if ":" in text else (text, "", "")
        number = int(port) if port.isascii() and port.isdigit() else (8883 if ca_file else 1883)
        if not host or (port and not port.isdigit()) or not 0 < number < 65536:
            raise InvalidInput(
                f"{text!r} is not the address of a broker", hint="For example 127.0.0.1:1883"
            )
        return cls(host.strip("[]"), number, username, password_file, ca_file)


class MqttClient:
    """A connection that comes back by itself once it has been there."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def publish(self, topic: str, payload: bytes) -> bool:
        """Send at least once; whether there was room: what waits for the broker is bounded."""
        return int(self._client.publish(topic, payload, qos=1).rc) in (0, 4)  # sent, or no line now


@contextmanager
def connected(
    address: BrokerAddress, topic: str = "", hear: Hear | None = None
) -> Iterator[MqttClient]:
    """A client that hears what comes on a topic, + and # allowed; calls are in a thread of its own.

    Raises MissingTool, Unavailable when no broker answers, Denied, and InvalidInput when a file
    cannot be read. At the end it waits for what is on its way, for some seconds.
    """
    try:
        from paho.mqtt.client import Client, MQTTv5
        from paho.mqtt.enums import CallbackAPIVersion
    except ImportError as error:
        raise MissingTool(
            "the Python package paho-mqtt is not installed",
            hint="pip install 'slipway[train]'",
        ) from error
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
    client.max_queued_messages_set(_WAITING)
    client.connect_timeout = _CONNECT
    if address.username:
        client.username_pw_set(address.username, _password(address.password_file))
    if address.ca_file:
        with os_errors(str(address.ca_file)):
            client.tls_set(str(address.ca_file))
    refusals: list[str] = []
    ready = threading.Event()

    def on_connect(_: Any, __: Any, ___: Any, reason: Any, ____: Any) -> None:
        if reason.is_failure:
            refusals.append(str(reason))
            ready.set()
        elif topic:
            client.subscribe(topic, qos=1)
        else:
            ready.set()

    client.on_connect = on_connect
    client.on_subscribe = lambda *_: ready.set()
    if hear:
        heard = hear
        client.on_message = lambda _, __, message: heard(message.topic, bytes(message.payload))
    _connect(client, address)
    client.loop_start()
    try:
        if not ready.wait(_CONNECT) or refusals:
            raise _refused(address, refusals)
        yield MqttClient(client)
    finally:
        client.disconnect()
        client.loop_stop()


def _connect(client: Any, address: BrokerAddress) -> None:
    try:
        client.connect(address.host, address.port)
    except OSError as error:
        raise Unavailable(
            f"no broker answers at {address.host}:{address.port}: {error.strerror or error}",
            hint="Start one, for example Debian's mosquitto, or check the address",
        ) from error


def _refused(address: BrokerAddress, refusals: list[str]) -> Denied | Unavailable:
    where = f"the broker at {address.host}:{address.port}"
    if refusals and refusals[0] in _DENIED:
        return Denied(f"{where} refuses: {refusals[0]}", hint="Check --username, --password-file")
    what = f"refuses: {refusals[0]}" if refusals else "does not answer in MQTT 5"
    return Unavailable(f"{where} {what}", hint="Check the address and the broker's log")


def _password(file: Path | None) -> str | None:
    if file is None:
        return None
    with os_errors(str(file)):
        return file.read_text().rstrip("\r\n")
