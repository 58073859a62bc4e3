"""Uploads the exported model, TRAINER-DONE last."""

from pathlib import Path

from slipway.domain.names import ModelVersion
from slipway.ports.bucket import Bucket
from slipway.services.publish_model import publish_model
from slipway_components.progress import say


def publish(model: Path, snapshot: Path, bucket: Bucket, *, version: str) -> str:
    """Publish the folder `model` as `version`, the record of what it was trained on beside it, and
    return its URL; see `publish_model`."""
    url = publish_model(model, ModelVersion.parse(version), bucket, snapshot)
    say(f"publish: {url}")
    return url
