"""What the libraries of HSMs and key services raise, as Slipway's errors. No PIN is in them."""

import os
from collections.abc import Callable
from pathlib import Path

from slipway.domain.errors import (
    Denied,
    InvalidSetting,
    MissingTool,
    NotFound,
    SlipwayError,
    Unavailable,
)

_LIBRARY = "PYKCS11LIB"
_DENIED = ("AccessDenied", "ExpiredToken", "InvalidClientToken", "Unrecognized", "InvalidSignature")


def of_hsm(error: Exception, uri: str, refused: Callable[[], None]) -> SlipwayError:
    """What an error of python-pkcs11 means; `refused` is told when it was the PIN."""
    from pkcs11 import exceptions

    library = os.environ.get(_LIBRARY, "")
    if not library:
        return InvalidSetting(
            f"{uri}: the variable {_LIBRARY} is not set",
            hint="Set it to the PKCS#11 library of the token, for example"
            " /usr/lib/softhsm/libsofthsm2.so",
        )
    if not Path(library).is_file():
        return MissingTool(
            f"{uri}: there is no PKCS#11 library {library}",
            hint=f"Install what came with the token, or correct the variable {_LIBRARY}",
        )
    if isinstance(error, exceptions.PinIncorrect | exceptions.PinInvalid | exceptions.PinLenRange):
        refused()
        return Denied(
            f"{uri}: the token refuses the PIN",
            hint="It locks itself after a few wrong ones",
        )
    if isinstance(error, exceptions.PinLocked):
        return Denied(
            f"{uri}: the token has locked itself", hint="Unlock it with its security officer's PIN"
        )
    if isinstance(error, ValueError):
        return NotFound(
            f"{uri}: {error}",
            hint="Is the token there? Its label and the key's number are in the URI:"
            " hsm:2?label=TOKEN",
        )
    return Unavailable(f"{uri}: {error or type(error).__name__}")


def of_aws(error: Exception, uri: str) -> SlipwayError:
    """What an error of boto3 means."""
    from botocore.exceptions import (
        ClientError,
        NoCredentialsError,
        NoRegionError,
        PartialCredentialsError,
    )

    message = f"{uri}: {error}"
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return Denied(message, hint="Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a role")
    if isinstance(error, NoRegionError):
        return InvalidSetting(message, hint="Set AWS_DEFAULT_REGION to the region of the key")
    code = str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else ""
    if code == "NotFoundException":
        return NotFound(message, hint="aws kms list-keys shows the keys of this account and region")
    if code.startswith(_DENIED):
        return Denied(message, hint="It takes the permissions kms:GetPublicKey and kms:Sign")
    if code in ("DisabledException", "KMSInvalidStateException"):
        return Denied(message, hint="Enable the key, or name another one")
    return Unavailable(message)
