"""Until when the metadata in the deploy bucket is valid, by its own words.

Nothing is verified here, which takes the time of importing python-tuf: it is to warn people early.
Who has to believe what is there verifies it (`slipway keys status`, the tag monitor, every device).
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime

from slipway.domain.errors import Failed, NotFound
from slipway.ports.bucket import Bucket
from slipway.services.problem import Problem
from slipway.services.trust.layout import (
    METADATA,
    ONLINE_LIFETIME,
    SNAPSHOT_LIFETIME,
    TIMESTAMP,
    TIMESTAMP_LIFETIME,
)

_VERSIONED = re.compile(rf"{METADATA}([1-9][0-9]{{0,15}})\.(.+)\.json")
_DAY = 86_400  # seconds
_PEOPLE = {"root": 30 * _DAY, "targets": 30 * _DAY}  # seconds before the end to tell the owner
# What the tag monitor signs again when a third of its life is left.
_MONITOR = {"timestamp": TIMESTAMP_LIFETIME // 4, "snapshot": SNAPSHOT_LIFETIME // 4}


def validity(bucket: Bucket) -> dict[str, int]:
    """Unix seconds by role, of the newest version of each; empty where nothing is published."""
    newest: dict[str, tuple[int, str]] = {}
    for info in bucket.objects(METADATA):
        if match := _VERSIONED.fullmatch(info.key):
            role = match[2]
            newest[role] = max(newest.get(role, (0, "")), (int(match[1]), info.key))
        elif info.key == TIMESTAMP:
            newest["timestamp"] = (1, info.key)
    found = {}
    for role, (_, key) in sorted(newest.items()):
        try:
            found[role] = _expires(key, bucket.read(key))
        except NotFound:
            continue  # cleaned up just now
    return found


def _expires(key: str, data: bytes) -> int:
    try:
        text = json.loads(data)["signed"]["expires"]
        return int(datetime.fromisoformat(text).timestamp())
    except (ValueError, KeyError, TypeError) as error:
        raise Failed(
            f"{key} in the deploy bucket is not TUF metadata: {error}",
            hint="slipway keys status says what is wrong with it",
        ) from error


def validity_problems(ends: Mapping[str, int], now: float) -> list[Problem]:
    """What has expired or will soon, with what signs it again."""
    found = []
    for role, end in ends.items():
        soon = (_PEOPLE | _MONITOR).get(role, ONLINE_LIFETIME // 4)
        if end - now >= soon:
            continue
        when = "has expired" if end <= now else f"expires in {(end - now) / _DAY:.1f} days"
        hint = (
            "slipway keys renew signs it again"
            if role in _PEOPLE
            else "The tag monitor signs it again while it runs; else its log says why not"
        )
        found.append(
            Problem(role, "expiry", f"what is signed as {role} {when}: devices need it", hint)
        )
    return found
