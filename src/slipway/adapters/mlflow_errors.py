"""MLflow's errors as Slipway's."""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager

from slipway.domain.errors import (
    Conflict,
    Denied,
    DiskFull,
    Failed,
    InvalidSetting,
    MissingTool,
    NotFound,
    SlipwayError,
    Unavailable,
)

_ERRNO = re.compile(r"\[Errno -?\d+\] ([^'\")]+)")
_SPACE = "Free some space and try again"
_DENIED = ("PERMISSION_DENIED", "UNAUTHENTICATED", "CUSTOMER_UNAUTHORIZED")
_REFUSED = ("INVALID_PARAMETER_VALUE", "BAD_REQUEST", "INVALID_STATE", "MALFORMED_REQUEST")


def safe_uri(uri: str) -> str:
    """A text with the user names and passwords of its URIs taken out, for messages."""
    return re.sub(r"(?<=://)[^/@]*@", "", uri)


@contextmanager
def translated(uri: str) -> Iterator[None]:
    """Raise what MLflow, its database and the file system raise as Slipway's errors."""
    try:
        yield
    except SlipwayError:
        raise
    except OSError as error:  # requests' errors are OSErrors too
        raise _of_system(error, safe_uri(uri)) from error
    except ImportError as error:
        raise MissingTool(
            f"MLflow at {safe_uri(uri)} needs the Python package {error.name}",
            hint=f"pip install {error.name}",
        ) from error
    except Exception as error:
        found = _of_mlflow(error, safe_uri(uri))
        if found is None:
            raise
        raise found from error


def _of_system(error: OSError, uri: str) -> SlipwayError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(f"no space left for MLflow at {uri}", hint=_SPACE)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return Denied(f"MLflow at {uri}: {error}", hint="Check who owns the folder")
    return Unavailable(
        f"MLflow at {uri} does not answer: {_first_line(error)}",
        hint="Start it, or set mlflow.tracking_uri to where it is",
    )


def _of_mlflow(error: Exception, uri: str) -> SlipwayError | None:
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    text, line = str(error), _first_line(error)
    if not isinstance(error, MlflowException | SQLAlchemyError):
        return None
    if "disk is full" in text:
        return DiskFull(f"no space left for MLflow at {uri}", hint=_SPACE)
    if "readonly database" in text or "unable to open database file" in text:
        return Denied(f"MLflow at {uri}: {line}", hint="Check who owns the file and its folder")
    if "out-of-date database schema" in text or "Can't locate revision" in text:
        return Conflict(
            f"the MLflow database at {uri} is of another MLflow version",
            hint=f"Make a copy of it, then run: mlflow db upgrade {uri}",
        )
    if "is not a database" in text:
        return InvalidSetting(f"{uri} is not an MLflow database", hint="Name another file")
    code = error.error_code if isinstance(error, MlflowException) else ""
    if code in _DENIED or " error code 401" in line or " error code 403" in line:
        return Denied(
            f"MLflow at {uri} refuses access: {line}",
            hint="Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or _TOKEN",
        )
    if code == "RESOURCE_DOES_NOT_EXIST":
        return NotFound(f"MLflow at {uri}: {line}", hint="Check mlflow.tracking_uri")
    if code in _REFUSED:
        return Failed(f"MLflow at {uri} refused a request: {line}", hint="Read MLflow's log")
    return Unavailable(
        f"MLflow at {uri} does not answer: {line}",
        hint="Start it, or set mlflow.tracking_uri to where it is",
    )


def _first_line(error: Exception) -> str:
    text = str(error) or type(error).__name__
    if system := _ERRNO.search(text):  # deep in what requests and urllib3 wrap around it
        return system[1]
    return safe_uri(text.splitlines()[0])[:300]
