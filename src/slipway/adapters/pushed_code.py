"""Code that was pushed: its processes import it before what is installed.

What pipelines it has is told by its files.
"""

import os
import pkgutil
from collections.abc import Sequence
from pathlib import Path

from slipway.adapters.kfp_pipelines import pipeline_names as installed_names

_FOLDERS = ("pipelines", "components", "src")  # as in a checkout of Slipway


def environment(code: Path) -> dict[str, str]:
    """The environment of a process that imports from the checkout `code` first."""
    paths = [str(code / name) for name in _FOLDERS if (code / name).is_dir()]
    inherited = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([*paths, *filter(None, [inherited])])}


def pipeline_names(code: Path, package: str) -> Sequence[str]:
    """The pipelines of the checkout, or those that are installed when it has none."""
    own = code / "pipelines" / package
    if not own.is_dir():
        return installed_names(package)
    return sorted(module.name for module in pkgutil.iter_modules([str(own)]))
