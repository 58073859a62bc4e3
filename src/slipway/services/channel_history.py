"""What stood in the channels before: a registry forgets it, so the tag monitor writes it down.

One object per move in the deploy bucket, `history/REPOSITORY/CHANNEL/NUMBER.json`:

    {"schema": 1, "version": "hello_1_1501089026", "index": "sha256:…", "at": 1501089030,
     "rollback": false}                                  version and index null: the tag is gone

Numbers count from 1 and an object is created, never replaced. Who appends names the number after
the last one that it saw *before* it looked at the registry: of two that saw the same move only one
succeeds, and nobody can append what he read before somebody else's move.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from slipway.domain.errors import AlreadyExists, Failed, SlipwayError
from slipway.domain.image import Digest
from slipway.domain.names import Channel, ModelVersion
from slipway.domain.release import Move
from slipway.ports.bucket import Bucket

_SCHEMA = 1
_FOLDER = "history"


@dataclass(frozen=True)
class Last:
    """The last move of a channel and its number; 0 and None where there was none."""

    number: int = 0
    move: Move | None = None


class ChannelHistory:
    """The moves of all channels in one bucket."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._read: dict[str, Move] = {}  # by key; objects never change

    def last(self) -> Mapping[tuple[str, Channel], Last]:
        """The last move of every (repository, channel) that has one."""
        keys: dict[tuple[str, Channel], tuple[int, str]] = {}
        for info in self._bucket.objects(f"{_FOLDER}/"):
            if parsed := _parse_key(info.key):
                repository, channel, number = parsed
                keys[repository, channel] = max(
                    keys.get((repository, channel), (0, "")), (number, info.key)
                )
        return {of: Last(number, self._move(key)) for of, (number, key) in keys.items()}

    def moves(self, repository: str, channel: Channel) -> list[Move]:
        """All moves of one channel, oldest first."""
        found = []
        for info in self._bucket.objects(f"{_FOLDER}/{repository}/{channel}/"):
            if parsed := _parse_key(info.key):
                found.append((parsed[2], self._move(info.key)))
        return [move for _, move in sorted(found, key=lambda entry: entry[0])]

    def append(self, repository: str, channel: Channel, number: int, move: Move) -> bool:
        """Write move `number`; False when somebody else has written one."""
        document = {
            "schema": _SCHEMA,
            "version": str(move.version) if move.version else None,
            "index": str(move.index) if move.index else None,
            "at": move.at,
            "rollback": move.rollback,
        }
        data = (json.dumps(document, sort_keys=True) + "\n").encode()
        try:
            self._bucket.create(f"{_FOLDER}/{repository}/{channel}/{number:08d}.json", data)
        except AlreadyExists:
            return False
        return True

    def _move(self, key: str) -> Move:
        if key not in self._read:
            self._read[key] = _parse_move(key, self._bucket.read(key))
        return self._read[key]


def standing(moves: list[Move]) -> list[Move]:
    """The moves that rollbacks have not undone, oldest first; the last one is the one in force.

    A move to a release is put on top. A rollback takes moves off until the release that it goes
    back to is on top, so the next one goes further back. A tag that vanished changes nothing: the
    release before it is what there is to go back to.
    """
    stack: list[Move] = []
    for move in moves:
        if move.index is None:
            continue
        if move.rollback:
            stack = stack[:-1]
            while stack and stack[-1].index != move.index:
                stack.pop()
        if not stack or stack[-1].index != move.index:
            stack.append(move)
    return stack


def _parse_key(key: str) -> tuple[str, Channel, int] | None:
    parts = key.removesuffix(".json").split("/")
    if len(parts) != 4 or parts[2] not in list(Channel) or not parts[3].isdecimal():
        return None
    return parts[1], Channel(parts[2]), int(parts[3])


def _parse_move(key: str, data: bytes) -> Move:
    try:
        document = json.loads(data)
        if document["schema"] != _SCHEMA:
            raise ValueError(f"schema {document['schema']!r}")
        version, index = document["version"], document["index"]
        return Move(
            ModelVersion.parse(version) if version else None,
            Digest.parse(index) if index else None,
            int(document["at"]),
            bool(document["rollback"]),
        )
    except (ValueError, KeyError, TypeError, SlipwayError) as error:
        raise Failed(
            f"{key} in the deploy bucket is not a record of a move: {error}",
            hint="Delete the object; the tag monitor goes on from the one before it",
        ) from error
