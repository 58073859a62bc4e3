"""What senders say of a push, read after its signature was verified."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from slipway.domain.errors import InvalidInput
from slipway.domain.git import Delivery, Push, Sender
from slipway.services.git_push.signatures import fresh

EVENT_TYPE = "dev.slipway.git.push"
_EVENT_HEADERS = ("x-forgejo-event", "x-gitea-event", "x-gitlab-event", "x-github-event")
_PUSH_EVENTS = ("push", "push hook")
_ID_HEADERS = {
    Sender.GITHUB: ("x-github-delivery",),
    Sender.GITEA: ("x-forgejo-delivery", "x-gitea-delivery"),
    # The last one is the same for all webhooks that one event sets off.
    Sender.GITLAB: ("idempotency-key", "webhook-id", "x-gitlab-event-uuid"),
}
_PUSHER = (  # where forges say who it was, the name to log in with first
    ("sender", "login"), ("pusher", "login"), ("pusher", "username"), ("pusher", "name"),
    ("user_username",), ("user_name",),
)  # fmt: skip


def read_delivery(
    sender: Sender, headers: Mapping[str, str], body: bytes, now: float
) -> Delivery | None:
    """The pushes that a message tells of, None when it is about something else (GitHub's ping);
    InvalidInput for one that cannot be read, Refused for an event that is too old."""
    document = _json(body)
    if sender is Sender.HOOK:
        return _cloud_event(document, body, now)
    event = next(headers[name] for name in _EVENT_HEADERS if name in headers)
    if event.lower() not in _PUSH_EVENTS:
        return None
    name = next((headers[h] for h in _ID_HEADERS[sender] if headers.get(h)), None)
    if name is None:
        raise InvalidInput(f"the delivery has no id ({_ID_HEADERS[sender][0]})")
    pusher = next((text for path in _PUSHER if (text := _text(document, *path))), sender.value)
    return Delivery(_keys(sender, name, body), pusher, (_push(document),))


def _cloud_event(document: Mapping[str, Any], body: bytes, now: float) -> Delivery | None:
    """A structured CloudEvent 1.0, of which the signature covers every attribute."""
    if _text(document, "specversion") != "1.0" or not _text(document, "id"):
        raise InvalidInput("the event is no CloudEvent 1.0 with an id")
    try:
        sent = datetime.fromisoformat(_text(document, "time"))
    except ValueError:
        sent = datetime.min
    if sent.tzinfo is None:
        raise InvalidInput("the event has no time by RFC 3339")
    fresh(sent.timestamp(), now)
    if _text(document, "type") != EVENT_TYPE:
        return None
    data = document.get("data")
    pushes = data.get("pushes") if isinstance(data, dict) else None
    if not isinstance(pushes, list) or not all(isinstance(push, dict) for push in pushes):
        raise InvalidInput("the event's data has no list of pushes")
    name = f"{_text(document, 'source')} {_text(document, 'id')}"
    pusher = _text(document, "data", "pusher") or Sender.HOOK.value
    return Delivery(_keys(Sender.HOOK, name, body), pusher, tuple(map(_push, pushes)))


def _keys(sender: Sender, name: str, body: bytes) -> tuple[str, ...]:
    """The id alone would not do: forges sign the body but not the header that has the id."""
    return f"{sender} {name[:200]}", f"{sender} sha256:{hashlib.sha256(body).hexdigest()}"


def _push(document: Mapping[str, Any]) -> Push:
    return Push(*(_text(document, key) for key in ("ref", "before", "after")))


def _json(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise InvalidInput(
            "the body is no JSON object", hint="Let the webhook send application/json"
        )
    return document


def _text(document: Mapping[str, Any], *path: str) -> str:
    """A text somewhere in a document, empty when it is not there."""
    value: object = document
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""
