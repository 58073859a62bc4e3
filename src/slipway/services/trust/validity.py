"""What the deploy bucket says of its metadata: until when it is valid, and what waits to be signed.

Nothing is verified here, which takes the time of importing python-tuf: it is to warn people early.
Who has to believe what is there verifies it (`slipway keys status`, the tag monitor, every device).
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from slipway.domain.errors import Failed, NotFound
from slipway.ports.bucket import Bucket
from slipway.services.problem import Problem
from slipway.services.trust.layout import (
    METADATA,
    ONLINE_LIFETIME,
    PENDING,
    SNAPSHOT_LIFETIME,
    TIMESTAMP,
    TIMESTAMP_LIFETIME,
    pending,
)
from slipway.services.trust.publication import Waiting

_VERSIONED = re.compile(rf"{METADATA}([1-9][0-9]{{0,15}})\.(.+)\.json")
_DAY = 86_400  # seconds
_PEOPLE = {"root": 30 * _DAY, "targets": 30 * _DAY}  # seconds before the end to tell the owner
# What the tag monitor signs again when a third of its life is left.
_MONITOR = {"timestamp": TIMESTAMP_LIFETIME // 4, "snapshot": SNAPSHOT_LIFETIME // 4}


def validity(bucket: Bucket) -> dict[str, int]:
    """Unix seconds by role, of the newest version of each; empty where nothing is published."""
    found = {}
    for role, key in sorted(_newest(bucket).items()):
        with suppress(NotFound), _readable(key):  # not found: cleaned up just now
            text = _signed(bucket, key)["expires"]
            found[role] = int(datetime.fromisoformat(text).timestamp())
    return found


def unsigned(bucket: Bucket) -> list[Waiting]:
    """What waits and has not the signatures that it needs, by the keys that may sign it."""
    keys = [info.key for info in bucket.objects(PENDING)]
    if not keys:
        return []
    newest = _newest(bucket)
    if pending("targets") in keys:
        newest["targets"] = pending("targets")
    demands: dict[str, list[_Demand]] = {}
    roots = [newest.get("root", ""), *([pending("root")] if pending("root") in keys else [])]
    for key in (*roots, newest.get("targets", "")):
        with suppress(NotFound), _readable(key):
            for role, demand in _demands(_signed(bucket, key)).items():
                if key != pending("root") or role == "root":  # which needs both roots' keys
                    demands.setdefault(role, []).append(demand)
    found = []
    for key in keys:
        role = key.removeprefix(PENDING).removesuffix(".json")
        with suppress(NotFound), _readable(key):
            given = {s["keyid"] for s in _document(bucket, key)["signatures"] if s["sig"]}
            counts = [(len(given & d.keyids), d.threshold) for d in demands.get(role, [])]
            lacking = [Waiting(role, *count) for count in counts if count[0] < count[1]]
            found += lacking[:1]
    return found


@dataclass(frozen=True)
class _Demand:
    keyids: frozenset[str]
    threshold: int


def _demands(signed: Mapping[str, Any]) -> dict[str, _Demand]:
    """Who signs which role, by root metadata or by the delegations of targets."""
    roles = signed.get("roles") or {each["name"]: each for each in signed["delegations"]["roles"]}
    return {
        role: _Demand(frozenset(each["keyids"]), int(each["threshold"]))
        for role, each in roles.items()
    }


def _newest(bucket: Bucket) -> dict[str, str]:
    """The key of each role's newest version."""
    newest: dict[str, tuple[int, str]] = {}
    for info in bucket.objects(METADATA):
        if match := _VERSIONED.fullmatch(info.key):
            role = match[2]
            newest[role] = max(newest.get(role, (0, "")), (int(match[1]), info.key))
        elif info.key == TIMESTAMP:
            newest["timestamp"] = (1, info.key)
    return {role: key for role, (_, key) in newest.items()}


def _document(bucket: Bucket, key: str) -> Any:
    return json.loads(bucket.read(key)) if key else {"signed": {"roles": {}}}


def _signed(bucket: Bucket, key: str) -> Any:
    return _document(bucket, key)["signed"]


@contextmanager
def _readable(key: str) -> Iterator[None]:
    """Failed for what is no metadata."""
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError) as error:
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
