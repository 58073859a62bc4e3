"""Secrets that a run's parameters name but never hold: parameters are recorded and shown."""

import os
from pathlib import Path

from slipway.domain.errors import InvalidInput, NotFound
from slipway.domain.system_errors import os_errors

_ENVIRONMENT = "env:"


def read_secret(where: str) -> bytes:
    """The secret in the file `where`, or in the environment variable NAME of `env:NAME`, without
    white space around it.

    Raises NotFound, InvalidInput when it is empty. No message repeats `where`: somebody may have
    given the secret itself.
    """
    if where.startswith(_ENVIRONMENT):
        text = os.environ.get(where.removeprefix(_ENVIRONMENT))
        secret = None if text is None else text.encode()
    else:
        path = Path(where)
        with os_errors("the file of the secret"):
            secret = path.read_bytes() if path.is_file() else None
    if secret is None:
        raise NotFound(
            "there is no file or environment variable with the secret",
            hint="Give a file's path, or env:NAME, never the secret itself",
        )
    if not secret.strip():
        raise InvalidInput("the secret is empty", hint="Write it to the file or variable")
    return secret.strip()
