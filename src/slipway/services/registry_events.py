"""Reads the notifications of a docker registry, only to tell whether there is anything to do.

https://distribution.github.io/distribution/about/notifications/ describes the envelope. It is a
hint: what stands in the registry is read from the registry. It may also come too early: version 2.8
notifies of a push before it sets the tag.
"""

import json

from slipway.domain.errors import InvalidInput, InvalidReference
from slipway.domain.image import Digest
from slipway.domain.names import Channel

MEDIA_TYPE = "application/vnd.docker.distribution.events.v1+json"


def moved_channels(body: bytes) -> frozenset[tuple[Channel, Digest]]:
    """The channels whose tags were pushed and the digests that they point at from now on. A
    registry notifies of pulls, of layers and of version tags as well. Raises InvalidInput for
    what is no envelope."""
    try:
        found = set()
        for event in json.loads(body)["events"]:
            target = event["target"]
            if event["action"] == "push" and target.get("tag") in list(Channel):
                found.add((Channel(target["tag"]), Digest.parse(target["digest"])))
    except (InvalidReference, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidInput(
            "the request's body is not an envelope of registry notifications",
            hint=f"It is expected as {MEDIA_TYPE}",
        ) from error
    return frozenset(found)
