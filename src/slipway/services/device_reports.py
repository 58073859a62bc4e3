"""What the devices of a fleet say of themselves, from the reports bucket; an object there that is
no report is named and passed over."""

from collections.abc import Callable

from slipway.domain.device_report import FOLDER, LARGEST, DeviceReport, newest, parse_report
from slipway.domain.errors import NotFound
from slipway.ports.bucket import Bucket, ObjectInfo


def device_reports(
    bucket: Bucket, now: float, say: Callable[[str], None], name: str = ""
) -> list[DeviceReport]:
    """The newest report of every device, or of the one called `name`, by name. `say` is told of
    objects that are no report. NotFound when there is no report of `name`."""
    found = []
    for each in bucket.objects(f"{FOLDER}{name}/" if name else FOLDER):
        try:
            found.append(parse_report(each.key, read_report(bucket, each), now))
        except ValueError as error:
            say(f"{bucket.url}/{each.key} is no device report: {error}")
        except NotFound:
            continue  # replaced or removed just now
    if name and not found:
        raise NotFound(
            f"no device {name!r} has reported to {bucket.url}",
            hint="See: slipway devices",
        )
    return newest(found)


def read_report(bucket: Bucket, info: ObjectInfo) -> bytes:
    """The object that a listing told of; ValueError when it is too large to be a report."""
    if info.size > LARGEST:
        raise ValueError(f"it has {info.size} bytes")
    return bucket.read(info.key)
