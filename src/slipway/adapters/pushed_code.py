"""Code that was pushed: its processes import it before what is installed.

Nothing of it is ever imported into a process of ours. What pipelines it has is told by its files,
what they declare by a process of its own: `python -m THIS_MODULE PACKAGE PIPELINE` writes JSON.
"""

import json
import os
import pkgutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from slipway.adapters.kfp_pipelines import declared_parameters, load_pipeline
from slipway.adapters.kfp_pipelines import pipeline_names as installed_names
from slipway.domain.errors import InvalidInput, RunFailed, SlipwayError
from slipway.ports.pipeline_backend import Kind, Parameter

_FOLDERS = ("pipelines", "components", "src")  # as in a checkout of Slipway
_SECONDS = 60.0


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


def parameters(code: Path, package: str, name: str) -> Sequence[Parameter]:
    """What a pipeline of the checkout declares; NotFound, InvalidInput when it cannot be loaded."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "slipway.adapters.pushed_code", package, name],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            cwd=code,
            env=environment(code),
            check=True,
        )
        document = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        raise RunFailed(f"pipeline {name} takes over {_SECONDS:.0f} s to be loaded") from None
    except subprocess.CalledProcessError as error:
        last = error.stderr.strip().splitlines()[-1:]
        raise RunFailed(f"pipeline {name} cannot be loaded: {' '.join(last)}") from None
    if "error" in document:
        raise InvalidInput(document["error"], hint=document["hint"])
    return [Parameter(**{**one, "kind": Kind(one["kind"])}) for one in document["parameters"]]


def _describe(package: str, name: str) -> dict[str, object]:
    try:
        declared = declared_parameters(load_pipeline(package, name))
    except SlipwayError as error:
        return {"error": error.message, "hint": error.hint}
    except Exception as error:  # noqa: BLE001  pushed code fails in any way
        reason = f"pipeline {name} cannot be loaded: {type(error).__name__}: {error}"
        return {"error": reason, "hint": "Mend it and push again"}
    return {"parameters": [asdict(parameter) for parameter in declared]}


def main() -> None:
    """Write what a pipeline declares; what its module prints goes to the error output."""
    with os.fdopen(os.dup(1), "w") as answer:
        os.dup2(2, 1)
        json.dump(_describe(*sys.argv[1:]), answer)


if __name__ == "__main__":
    main()
