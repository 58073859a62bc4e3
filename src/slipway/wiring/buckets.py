"""Where everything is kept."""

from pathlib import Path

from slipway.domain.errors import InvalidSetting
from slipway.ports.bucket import Bucket
from slipway.settings import Settings


def open_bucket(url: str) -> Bucket:
    """The bucket behind a URL; raises InvalidSetting for an unknown scheme."""
    scheme, _, rest = url.partition("://")
    if scheme == "file":
        from slipway.adapters.local_bucket import LocalBucket

        return LocalBucket.open(rest)
    if scheme == "gs":
        from slipway.adapters.gcs_bucket import GcsBucket

        return GcsBucket.open(rest)
    if scheme == "s3":
        from slipway.adapters.s3_bucket import S3Bucket

        return S3Bucket.open(rest)
    raise InvalidSetting(
        f"{url!r} is not a bucket URL",
        hint="Use file:///folder, gs://bucket[/prefix] or s3://bucket[/prefix]",
    )


def model_output_bucket(settings: Settings) -> Bucket:
    """Where trainings leave their models."""
    return _open_or_make(settings.model_output_url, made=not settings.buckets.model_output)


def deploy_bucket(settings: Settings) -> Bucket:
    """Where devices find their manifests."""
    return _open_or_make(settings.deploy_url, made=not settings.buckets.deploy)


def reports_bucket(settings: Settings) -> Bucket:
    """Where devices' reports and predictions arrive."""
    return _open_or_make(settings.reports_url, made=not settings.buckets.reports)


def _open_or_make(url: str, *, made: bool) -> Bucket:
    """The embedded default's folders are made when they are first used, others have to exist."""
    if made:
        Path(url.removeprefix("file://")).mkdir(parents=True, exist_ok=True)
    return open_bucket(url)
