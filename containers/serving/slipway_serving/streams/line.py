"""A connection to the broker that comes back by itself: MQTT 5, in a thread of its own.

Between two tries it waits twice as long each time, up to half a minute, beginning with a time that
is drawn anew for every connection, so that a thousand devices do not come back in step.
"""

import random
import socket
import ssl
import threading
from collections.abc import Callable
from typing import Any, Final

from paho.mqtt.client import (
    Client,
    ConnectFlags,
    DisconnectFlags,
    MQTTMessage,
    MQTTv5,
)
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from slipway_serving.streams.counts import say
from slipway_serving.streams.fields import SettingsError
from slipway_serving.streams.settings import Broker

IN_FLIGHT: Final = 20  # messages that the broker has not acknowledged
_LARGEST: Final = 2 * 2**20  # bytes of a packet
_KEEPALIVE: Final = 30  # seconds
_CONNECT: Final = 3.0  # seconds
_FIRST, _LONGEST = (0.25, 0.75), (20.0, 40.0)  # seconds between two tries, from and to


class Line:
    """One client of the broker."""

    def __init__(
        self,
        broker: Broker,
        client_id: str,
        *,
        kept: int = 0,
        on_up: Callable[["Line"], None] | None = None,
        on_message: Callable[[str, bytes, int], None] | None = None,
        on_sent: Callable[[str], None] | None = None,
    ) -> None:
        """`kept`: seconds for which the broker keeps what a client that is away has subscribed to.

        `on_up`: there is a connection. `on_message` gets a topic, a payload and the number to
        `take`. `on_sent` gets why a message was refused, or nothing. All run in the line's thread.
        SettingsError when an authority or the password cannot be read.
        """
        self._broker = broker
        self._kept = kept
        self._on_up, self._on_message, self._on_sent = on_up, on_message, on_sent
        self._leaving = threading.Lock()
        self._left = False
        self._problem = "not connected yet"
        self._client = self._made(client_id)

    @property
    def problem(self) -> str:
        """Why there is no connection; empty when there is one."""
        return self._problem

    def start(self) -> None:
        """Connect, and go on trying."""
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = self._kept
        properties.ReceiveMaximum = IN_FLIGHT
        properties.MaximumPacketSize = _LARGEST
        self._client.connect_async(
            self._broker.host,
            self._broker.port,
            _KEEPALIVE,
            clean_start=not self._kept,
            properties=properties,
        )
        self._client.loop_start()

    def subscribe(self, topic: str) -> None:
        """Ask for each message at least once, none of them from before."""
        from paho.mqtt.subscribeoptions import SubscribeOptions

        options = SubscribeOptions(qos=1, retainHandling=SubscribeOptions.RETAIN_DO_NOT_SEND)
        self._client.subscribe(topic, options=options)

    def publish(self, topic: str, payload: bytes) -> None:
        """Send it when there is a connection, again if need be; then `on_sent` is called."""
        self._client.publish(topic, payload, qos=1)

    def taking(self, number: int, take: Callable[[], None]) -> None:
        """Take the message of that number, unless the line is being left: either it is taken and
        the broker is told so, or neither."""
        with self._leaving:
            if not self._left:
                take()
                self._client.ack(number, 1)

    def leave(self) -> None:
        """Disconnect. The broker has seen by then what was taken; the rest it keeps."""
        with self._leaving:
            self._left = True
            self._client.disconnect()
        self._client.loop_stop()
        self._problem = "disconnected"

    def _made(self, client_id: str) -> Client:
        client = Client(CallbackAPIVersion.VERSION2, client_id, protocol=MQTTv5, manual_ack=True)
        client.connect_timeout = _CONNECT
        client.max_inflight_messages_set(IN_FLIGHT)
        client.on_connect = self._connected
        client.on_connect_fail = self._failed
        client.on_disconnect = self._disconnected
        client.on_message = self._arrived
        client.on_publish = self._published
        client.on_socket_open = _send_at_once
        self._draw(client)
        if self._broker.username:
            client.username_pw_set(self._broker.username, self._broker.password())
        if self._broker.tls:
            try:
                context = ssl.create_default_context(cafile=self._broker.ca_file)
            except (OSError, ssl.SSLError) as error:
                raise SettingsError(f"ca_file {self._broker.ca_file}: {error}") from error
            client.tls_set_context(context)
        return client

    def _draw(self, client: Client) -> None:
        first, longest = random.uniform(*_FIRST), random.uniform(*_LONGEST)  # noqa: S311  jitter
        # It is annotated to take whole seconds, and waits any number of them.
        client.reconnect_delay_set(first, longest)  # type: ignore[arg-type]

    def _connected(
        self, client: Client, _: Any, flags: ConnectFlags, reason: ReasonCode, __: Any
    ) -> None:
        if reason.is_failure:
            self._lost(f"the broker refuses the connection: {reason}")
            return
        self._problem = ""
        self._draw(client)
        say(f"connected to {self._broker.host}:{self._broker.port}")
        with self._leaving:
            if not self._left and self._on_up:
                self._on_up(self)

    def _failed(self, _: Client, __: Any) -> None:
        self._lost(f"no broker at {self._broker.host}:{self._broker.port}")

    def _disconnected(
        self, _: Client, __: Any, flags: DisconnectFlags, reason: ReasonCode, ___: Any
    ) -> None:
        if not (self._left or self._problem):  # a refusal says more than the end that follows
            self._lost(f"the connection ended: {reason}")

    def _lost(self, problem: str) -> None:
        if problem != self._problem:
            say(problem)
        self._problem = problem

    def _arrived(self, _: Client, __: Any, message: MQTTMessage) -> None:
        if self._on_message:
            self._on_message(message.topic, bytes(message.payload), message.mid)

    def _published(self, _: Client, __: Any, mid: int, reason: ReasonCode, ___: Any) -> None:
        if self._on_sent:
            self._on_sent(str(reason) if reason.is_failure else "")


def _send_at_once(_: Client, __: Any, opened: Any) -> None:
    """A small message after an acknowledgement would wait for the broker's otherwise: 40 ms."""
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
