"""Where this user's kubelets are kept: `slipway/kubelet/VERSION/ARCH/kubelet` in the cache."""

import platform
from pathlib import Path

from slipway.domain.errors import MissingTool
from slipway.settings import Settings


def path(cache: Path, version: str, arch: str) -> Path:
    """The place of one kubelet."""
    return cache / "kubelet" / version / arch / "kubelet"


def find(settings: Settings) -> Path:
    """The newest kubelet of this machine's arch; MissingTool."""
    found = sorted(
        settings.cache.glob(f"kubelet/*/{platform.machine()}/kubelet"),
        key=lambda kubelet: [int(n) for n in kubelet.parts[-3].split(".") if n.isdigit()],
    )
    if not found:
        raise MissingTool(
            f"there is no kubelet for {platform.machine()} in {settings.cache}",
            hint="Get one with scripts/kubelet",
        )
    return found[-1]
