"""The connection to a Kubeflow Pipelines server: kfp's generated client, and what it refuses.

`kfp.Client` is a shell around the same generated client. It is not used: it prints links to
standard output, reads a context file and variables of its own, waits 25 s for a server that is not
there, and its `run_pipeline` cannot say who started a run.
"""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from slipway.domain.errors import (
    Conflict,
    Denied,
    InvalidInput,
    InvalidSetting,
    NotFound,
    ServerError,
    SlipwayError,
    Unavailable,
)

_TIMES = (5.0, 30.0)  # seconds to connect, and to wait for an answer
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class KubeflowApi:
    """Calls to one server, with Slipway's errors."""

    def __init__(self, host: str, token: str = "") -> None:
        """InvalidSetting for a host that is no URL, or that would get the token in the clear."""
        import kfp_server_api as api
        import urllib3

        parts = urlsplit(host)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InvalidSetting(
                f"kubeflow.host is {host!r}", hint="Write https://HOST[:PORT][/PATH]"
            )
        if token and parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            raise InvalidSetting(
                f"kubeflow.host is {host!r}, which would get the token unencrypted",
                hint="Use https, or a port forwarded to this machine",
            )
        self.host = host.rstrip("/")
        configuration = api.Configuration(host=self.host)
        configuration.retries = urllib3.Retry(total=0, redirect=False)
        if token:
            configuration.api_key["authorization"] = token
            configuration.api_key_prefix["authorization"] = "Bearer"
        client = api.ApiClient(configuration)
        self.models = api.models
        self.runs = api.RunServiceApi(client)
        self.recurring = api.RecurringRunServiceApi(client)
        self.experiments = api.ExperimentServiceApi(client)

    def call(self, function: Callable[..., Any], what: str, **arguments: Any) -> Any:
        """Call one of the generated functions; `what` it is about is for the message. NotFound,
        Denied, InvalidInput, Conflict, ServerError, Unavailable."""
        from kfp_server_api.exceptions import ApiException
        from urllib3.exceptions import HTTPError

        try:
            return function(**arguments, _request_timeout=_TIMES)
        except ApiException as error:
            raise self._refused(error, what) from error
        except HTTPError as error:
            raise Unavailable(
                f"Kubeflow Pipelines at {self.host} does not answer",
                hint="Check kubeflow.host, and whether the server is up",
            ) from error
        except (ValueError, TypeError) as error:
            raise self.odd(what) from error

    def every(self, function: Callable[..., Any], what: str, field: str, **arguments: Any) -> Any:
        """All entries of a list, page by page."""
        token = ""
        while True:
            answer = self.call(function, what, page_token=token, page_size=100, **arguments)
            yield from getattr(answer, field) or ()
            if not (token := answer.next_page_token or ""):
                return

    def odd(self, what: str) -> SlipwayError:
        """What to say of an answer that is none of Kubeflow's."""
        return ServerError(
            f"{self.host} does not answer as Kubeflow Pipelines does ({what})",
            hint="Check kubeflow.host; in front of it may be a login page that wants a token",
        )

    def _refused(self, error: Any, what: str) -> SlipwayError:
        said = _message(error)
        match error.status:
            case 401 | 403:
                return Denied(
                    f"Kubeflow Pipelines at {self.host} refuses {what}: {said}",
                    hint="kubeflow.token_file names the file with the token",
                )
            case 404:
                return NotFound(f"there is no {what}", hint="slipway runs lists them")
            case 400:
                return InvalidInput(f"Kubeflow Pipelines takes no such {what}: {said}")
            case 409:
                return Conflict(f"Kubeflow Pipelines: {said}", hint="Choose another name")
            case status if 300 <= status < 400:
                return self.odd(what)
            case status:
                return ServerError(
                    f"Kubeflow Pipelines at {self.host} failed at {what}: {status} {said}",
                    hint="Try again; the log of its API server says more",
                )


def _message(error: Any) -> str:
    """What the server said, one line of it."""
    try:
        said = json.loads(error.body)["message"]
    except (ValueError, TypeError, KeyError):
        said = error.reason or "no reason given"
    return " ".join(str(said).split())[:500]


def filter_by_name(name: str) -> str:
    """The filter of the v2beta1 API for entries of exactly this name; the number is that of
    EQUALS in filter.proto."""
    predicate = {"operation": 1, "key": "display_name", "stringValue": name}
    return json.dumps({"predicates": [predicate]})
