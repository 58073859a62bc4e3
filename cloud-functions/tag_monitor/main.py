"""Cloud function: reconciles the deploy bucket with the registry's channel tags.

Takes the registry's push notifications, of which only those that move a channel's tag matter, and
plain requests, with which a scheduler makes good what notifications were lost.
"""

import logging
from dataclasses import asdict

import flask
import functions_framework

from slipway import wiring
from slipway.domain.errors import SlipwayError
from slipway.services.registry_events import MEDIA_TYPE, moved_channels
from slipway.settings import load

logging.basicConfig(level=logging.INFO, format="%(message)s")
logging.getLogger("tuf").setLevel(logging.WARNING)  # it tells of every signature it looks for
_LOG = logging.getLogger("tag_monitor")

# One for all requests, so that they take turns; made at the start, where a bad setting shows.
_MONITOR = wiring.tag_monitor(load(), _LOG.info)


@functions_framework.http
def tag_monitor(request: flask.Request) -> tuple[flask.Response, int]:
    """Reconcile, unless the request is a notification of nothing; 503 asks to be sent again."""
    try:
        if request.mimetype == MEDIA_TYPE:
            moved = moved_channels(request.get_data())
            if not moved:
                return flask.jsonify({"ignored": True}), 200
            report = _MONITOR.reconcile_after(moved)
        else:
            report = _MONITOR.reconcile()
    except SlipwayError as error:
        _LOG.error("%s: %s", error.code, error.message)
        answer = {"code": error.code, "message": error.message, "hint": error.hint}
        return flask.jsonify({"error": answer}), 503 if error.transient else 400
    return (
        flask.jsonify(
            {
                "written": report.written,
                "removed": report.removed,
                "unchanged": len(report.unchanged),
                "signed": report.publication.version if report.publication else 0,
                "waiting": [asdict(w) for w in report.publication.waiting]
                if report.publication
                else [],
                "problems": [asdict(problem) for problem in report.problems],
            }
        ),
        200,
    )
