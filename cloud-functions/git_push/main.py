"""Cloud function: starts the pipelines that a push concerns.

`POST /NAME`, for a repository of `git.repositories`, takes the webhooks of GitHub, GitLab, Gitea
and Forgejo, and the structured CloudEvent that the hook of `slipway git-trigger install` sends.
The answer is JSON: the runs, and lines that tell the pusher of them.
"""

import logging
import time

import flask
import functions_framework

from slipway import wiring
from slipway.domain.errors import Denied, NotFound, Refused, SlipwayError
from slipway.services.git_push.requests import receive
from slipway.settings import load

logging.basicConfig(level=logging.INFO, format="%(message)s")
_LOG = logging.getLogger("git_push")
_LONGEST = 25 << 20  # bytes; the most that GitHub sends
_STATUS: tuple[tuple[type[SlipwayError], int], ...] = (
    (Denied, 401),
    (Refused, 403),
    (NotFound, 404),
)


@functions_framework.http
def git_push(request: flask.Request) -> tuple[flask.Response, int]:
    """Verify, then start; 503 asks to be sent again."""
    name = request.path.strip("/")
    if request.method != "POST":
        return flask.jsonify({"error": {"message": "only POST is understood", "hint": ""}}), 405
    request.max_content_length = _LONGEST
    body = request.get_data()  # raises what is answered with 413
    headers = {key.lower(): value for key, value in request.headers.items()}
    settings = load()
    try:
        answer = receive(
            wiring.watched_repository(settings, name),
            headers,
            body,
            time.time(),
            lambda repository: wiring.push_receiver(settings, repository),
        )
    except SlipwayError as error:
        cause = error.__cause__  # of our own errors alone: others may hold credentials
        known = cause if isinstance(cause, SlipwayError) else error
        _LOG.warning("%.80s: %s: %s", name, known.code, known.message)
        status = next((status for kind, status in _STATUS if isinstance(error, kind)), None)
        told = {"code": error.code, "message": error.message, "hint": error.hint}
        return flask.jsonify({"error": told}), status or (503 if error.transient else 400)
    for line in answer.lines:
        _LOG.info("%s: %s", name, line)
    runs = [
        {"run": run.id, "pipeline": run.pipeline, "status": run.status, "commit": run.commit.id}
        for run in answer.runs
        if run.commit
    ]
    return flask.jsonify({"runs": runs, "lines": answer.lines}), 200
