"""Who sent a request, and whether it was: signatures over the raw body, compared in constant time.

| sender          | proof                                                                         |
|-----------------|-------------------------------------------------------------------------------|
| own hook        | X-Slipway-Signature: sha256=HEX                                               |
| GitHub          | X-Hub-Signature-256: sha256=HEX                                               |
| Gitea, Forgejo  | X-Gitea-Signature, X-Forgejo-Signature: HEX                                   |
| GitLab          | X-Gitlab-Token: the secret; or, for a secret whsec_BASE64, Standard Webhooks: |
|                 | webhook-signature: v1,BASE64 over ID.TIMESTAMP.BODY                           |

HEX and BASE64 are HMAC-SHA256. No message here tells a secret or a signature.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping

from slipway.domain.errors import Denied, InvalidSetting, Refused
from slipway.domain.git import Sender

CLOUD_EVENT = "application/cloudevents+json"
TOLERANCE = 300  # seconds that a message may be old, where it says when it was sent
_STANDARD = "whsec_"


def sender_of(headers: Mapping[str, str]) -> Sender:
    """Who says to have sent this; header names are lower case. Raises Denied when nobody does."""
    # Gitea and Forgejo send GitHub's headers too, so theirs are looked for first.
    for name, sender in (
        ("x-forgejo-event", Sender.GITEA),
        ("x-gitea-event", Sender.GITEA),
        ("x-gitlab-event", Sender.GITLAB),
        ("x-github-event", Sender.GITHUB),
    ):
        if name in headers:
            return sender
    if headers.get("content-type", "").partition(";")[0].strip().lower() == CLOUD_EVENT:
        return Sender.HOOK
    raise Denied(
        "the request is neither a forge's webhook nor a CloudEvent",
        hint=f"Send {CLOUD_EVENT}, or let a forge send its push events",
    )


def verify(
    sender: Sender, headers: Mapping[str, str], body: bytes, secret: bytes, now: float
) -> None:
    """Raise Denied unless the sender knows the secret; Refused for a signature that is too old."""
    match sender:
        case Sender.HOOK:
            _compare(headers, "x-slipway-signature", f"sha256={_hex(secret, body)}")
        case Sender.GITHUB:
            _compare(headers, "x-hub-signature-256", f"sha256={_hex(secret, body)}")
        case Sender.GITEA:
            forgejo, gitea = "x-forgejo-signature", "x-gitea-signature"
            _compare(headers, forgejo if forgejo in headers else gitea, _hex(secret, body))
        case Sender.GITLAB if secret.startswith(_STANDARD.encode()):
            _standard(headers, body, secret, now)
        case Sender.GITLAB:
            _compare(headers, "x-gitlab-token", secret.decode("latin-1"))


def fresh(sent: float, now: float) -> None:
    """Raise Refused for a message that is older, or further ahead, than `TOLERANCE`."""
    if abs(now - sent) > TOLERANCE:
        raise Refused(
            f"the message is {abs(now - sent):.0f} s {'old' if sent < now else 'ahead'}",
            hint=f"At most {TOLERANCE} s are allowed; check both clocks, and push again",
        )


def _standard(headers: Mapping[str, str], body: bytes, secret: bytes, now: float) -> None:
    """Standard Webhooks 1.0, symmetric: https://www.standardwebhooks.com."""
    try:
        key = base64.b64decode(secret.removeprefix(_STANDARD.encode()), validate=True)
    except binascii.Error:
        raise InvalidSetting(
            "the secret of gitlab is whsec_ with something that is not base64",
            hint="Put the signing token into the file as GitLab shows it",
        ) from None
    stamp = headers.get("webhook-timestamp", "")
    signed = f"{headers.get('webhook-id', '')}.{stamp}.".encode("latin-1", "replace") + body
    wanted = b"v1," + base64.b64encode(hmac.digest(key, signed, "sha256"))
    given = headers.get("webhook-signature", "").encode("latin-1", "replace").split()
    if not [one for one in given if hmac.compare_digest(one, wanted)]:
        raise _denied("webhook-signature", "webhook-signature" in headers)
    if not stamp.isdecimal():
        raise _denied("webhook-timestamp", "webhook-timestamp" in headers)
    fresh(float(stamp), now)


def _compare(headers: Mapping[str, str], name: str, wanted: str) -> None:
    given = headers.get(name, "").encode("latin-1", "replace")
    if not hmac.compare_digest(given, wanted.encode("latin-1")):
        raise _denied(name, name in headers)


def _denied(name: str, there: bool) -> Denied:
    reason = "does not fit" if there else "is missing"
    return Denied(f"{name} {reason}", hint="Give the sender the secret that slipway.yaml names")


def _hex(secret: bytes, body: bytes) -> str:
    return hmac.digest(secret, body, "sha256").hex()
