"""Allocates model versions: unique and rising for a name, whatever the clocks do.

TIMESTAMP is the run's start, but at least one more than every timestamp that is taken for the
name. It is reserved by creating `MODEL/versions/TIMESTAMP`, which only one of two runs can do:
two runs in one second, or a clock that steps back, still get different and rising versions.
"""

from slipway.domain.errors import AlreadyExists
from slipway.domain.names import ModelName, ModelVersion
from slipway.ports.bucket import Bucket
from slipway.services.model_output import RESERVATIONS, timestamps


def allocate(bucket: Bucket, name: ModelName, major: int, started: int) -> ModelVersion:
    """Reserve the next version of `name` for a run that started at `started` (unix seconds)."""
    timestamp = max([started, *(taken + 1 for taken in timestamps(bucket, name))])
    while True:
        version = ModelVersion(name, major, timestamp)
        try:
            bucket.create(f"{name}/{RESERVATIONS}/{timestamp}", f"{version}\n".encode())
            return version
        except AlreadyExists:  # another run was faster
            timestamp += 1
