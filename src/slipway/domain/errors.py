"""Every error that Slipway raises on purpose.

    SlipwayError
    ├── InvalidInput            what the user gave is malformed            exit 2
    │   ├── InvalidName         model name, version, channel, arch
    │   ├── InvalidReference    image reference or digest
    │   ├── InvalidSetting      slipway.yaml or a SLIPWAY_ variable
    │   ├── InvalidDataset      label folder empty, image unreadable, split impossible
    │   ├── InvalidCard         model.json is incomplete or contradicts itself
    │   └── InvalidManifest     template does not render, or not to a valid Pod
    ├── NotFound                bucket, object, tag, version, device       exit 3
    ├── Denied                  credentials missing or refused             exit 4
    ├── Conflict                something is in the way                    exit 5
    │   ├── AlreadyExists       object or version of that name
    │   └── PortInUse           another process listens there
    ├── Refused                 a rule of the product says no              exit 6
    │   ├── IncompatibleModel   needs another MAJOR
    │   ├── GateClosed          below the floor, or worse than the released one
    │   └── GoldenMismatch      an image does not answer as the exported model did
    ├── Unavailable             does not answer now; transient             exit 7
    │   └── ServerError         answers that it failed; other requests may do
    ├── MissingTool             a program or package is not installed      exit 8
    ├── DiskFull                no space left                              exit 9
    └── Failed                  a part that was started ended badly        exit 10
        ├── BuildFailed         image builder
        ├── RunFailed           pipeline run
        └── DeviceFailed        containerd or kubelet

Each carries a stable `code`, a message that says what was wrong with which value, a `hint` that
says what to do, and `transient`: whether trying again later can help.
"""

from typing import ClassVar


class SlipwayError(Exception):
    """The root of the tree; catch this to catch all of them."""

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1
    transient: ClassVar[bool] = False

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if hint:
            self.add_note(f"hint: {hint}")  # a traceback in a task's log shows it too

    def __reduce__(self) -> tuple[object, ...]:
        """Keep the hint when the error crosses a process boundary."""
        return (_rebuild, (type(self), self.message, self.hint))


def _rebuild(kind: type[SlipwayError], message: str, hint: str) -> SlipwayError:
    return kind(message, hint=hint)


class InvalidInput(SlipwayError):
    """What the user gave is malformed."""

    code = "invalid-input"
    exit_code = 2


class InvalidName(InvalidInput):
    """A model name, version, channel or arch that does not parse."""

    code = "invalid-name"


class InvalidReference(InvalidInput):
    """An image reference or digest that does not parse."""

    code = "invalid-reference"


class InvalidSetting(InvalidInput):
    """A setting that is unknown or has an impossible value."""

    code = "invalid-setting"


class InvalidDataset(InvalidInput):
    """Training data that cannot be used as it is."""

    code = "invalid-dataset"


class InvalidCard(InvalidInput):
    """A model.json that is incomplete or contradicts itself."""

    code = "invalid-card"


class InvalidManifest(InvalidInput):
    """A template that does not render, or renders something that is not a valid Pod."""

    code = "invalid-manifest"


class NotFound(SlipwayError):
    """A bucket, object, tag, version or device that does not exist."""

    code = "not-found"
    exit_code = 3


class Denied(SlipwayError):
    """Credentials are missing or refused."""

    code = "denied"
    exit_code = 4


class Conflict(SlipwayError):
    """Something is in the way."""

    code = "conflict"
    exit_code = 5


class AlreadyExists(Conflict):
    """There is an object or a version of that name already."""

    code = "already-exists"


class PortInUse(Conflict):
    """Another process listens on the port."""

    code = "port-in-use"


class Refused(SlipwayError):
    """A rule of the product says no."""

    code = "refused"
    exit_code = 6


class IncompatibleModel(Refused):
    """Input or labels changed in a way that needs another MAJOR."""

    code = "incompatible-model"


class GateClosed(Refused):
    """The model is below the floor, or worse than the one it would replace."""

    code = "gate-closed"


class GoldenMismatch(Refused):
    """An image does not answer its golden samples as the exported model did."""

    code = "golden-mismatch"


class Unavailable(SlipwayError):
    """A service does not answer, or not in time."""

    code = "unavailable"
    exit_code = 7
    transient = True


class ServerError(Unavailable):
    """A service answers that it failed with this request, which says nothing of others."""

    code = "server-error"


class MissingTool(SlipwayError):
    """A program or package that is needed is not installed."""

    code = "missing-tool"
    exit_code = 8


class DiskFull(SlipwayError):
    """No space left on the device."""

    code = "disk-full"
    exit_code = 9


class Failed(SlipwayError):
    """A part that was started ended badly."""

    code = "failed"
    exit_code = 10


class BuildFailed(Failed):
    """The image builder gave up."""

    code = "build-failed"


class RunFailed(Failed):
    """A pipeline run ended in a failure."""

    code = "run-failed"


class DeviceFailed(Failed):
    """A device's containerd or kubelet did not come up, or went away."""

    code = "device-failed"
