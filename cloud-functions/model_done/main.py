"""Cloud function: packages a model when its training has written TRAINER-DONE.

Deploy it with the trigger `google.cloud.storage.object.v1.finalized` on the model-output bucket,
to a machine that has the image builder.
"""

import logging
from urllib.parse import urlsplit

import flask
import functions_framework
from cloudevents.http.event import CloudEvent

from slipway import wiring
from slipway.domain.errors import SlipwayError
from slipway.domain.names import Arch
from slipway.services.package_model import version_of_marker
from slipway.settings import load

logging.basicConfig(level=logging.INFO, format="%(message)s")
_LOG = logging.getLogger("model_done")


@functions_framework.cloud_event
def model_done(event: CloudEvent) -> None:
    """Package the version that `MODEL/VERSION/TRAINER-DONE` is for; other objects are ignored.

    An error is the answer, so that the event is delivered again.
    """
    settings = load()
    key = str((event.get_data() or {}).get("name", ""))
    url = urlsplit(settings.model_output_url)
    prefix = "" if url.scheme == "file" else f"{url.path.strip('/')}/".lstrip("/")
    version = version_of_marker(key.removeprefix(prefix))
    if version is None:
        _LOG.info("ignored: %r is not the end of a training", key)
        return
    try:
        done = wiring.model_packager(settings).package(version, _say)
    except SlipwayError as error:
        text = f"{error.code}: {error.message}\n{error.hint}".strip()
        _LOG.error("%s: %s", version, text)
        flask.abort(flask.make_response(text, 503 if error.transient else 400))
    _LOG.info("%s is packaged as %s@%s", version, done.repository, done.digest)


def _say(stage: str, arch: Arch | None, seconds: float | None) -> None:
    if seconds is not None:
        _LOG.info("%-15s%-9s%7.1f s", stage, arch or "", seconds)
