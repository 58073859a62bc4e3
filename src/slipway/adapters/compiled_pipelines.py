"""Pipelines as kfp compiles them, without kfp in this process.

To import kfp takes seconds and much memory, so a process of its own does it,
`python -m THIS_MODULE PACKAGE PIPELINE…`, and writes JSON. What came out is kept in a file together
with the names of all files that were imported for it, and holds until one of them changes. Nothing
of pushed code is ever imported into a process of ours.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from slipway.adapters import kfp_pipelines, pipeline_spec, pushed_code
from slipway.adapters.files import replacing
from slipway.domain import errors
from slipway.domain.errors import InvalidInput, NotFound, RunFailed, SlipwayError
from slipway.domain.system_errors import os_errors
from slipway.ports.pipeline_backend import Parameter
from slipway.ports.pipeline_graph import Step

_SECONDS = 120.0  # for all pipelines together


@dataclass(frozen=True)
class CompiledPipeline:
    """One pipeline; see `pipeline_spec` for what the documents hold."""

    order: Sequence[str]  # its inputs as the pipeline's signature has them
    spec: Mapping[str, Any]
    platform: Mapping[str, Any] | None = None  # what only some clusters know

    @property
    def parameters(self) -> Sequence[Parameter]:
        """What it declares."""
        return pipeline_spec.parameters(self.spec, self.order)

    @property
    def description(self) -> str:
        """What it says of itself."""
        return pipeline_spec.description(self.spec)

    @property
    def steps(self) -> Sequence[Step]:
        """Its graph."""
        return pipeline_spec.steps(self.spec)


@dataclass(frozen=True)
class _Kept:
    """Pipelines by name, and the files they were made from."""

    pipelines: Mapping[str, CompiledPipeline]
    files: Sequence[str]
    stamp: str  # of the files as they were


_NOTHING = _Kept({}, (), "")


class CompiledPipelines:
    """The pipelines of a package."""

    def __init__(self, package: str, cache: Path | None, code: Path | None = None) -> None:
        """`cache`: a folder, None to keep nothing on the disk; `code`: a checkout of pushed code
        that is imported from first."""
        self._package = package
        self._code = code
        key = hashlib.sha256(f"{package} {code} {sys.executable}".encode()).hexdigest()
        self._file = cache / f"{key[:32]}.json" if cache else None
        self._kept = _NOTHING
        self._lock = threading.Lock()

    def names(self) -> Sequence[str]:
        """All names, sorted."""
        if self._code:
            return pushed_code.pipeline_names(self._code, self._package)
        return kfp_pipelines.pipeline_names(self._package)

    def get(self, name: str) -> CompiledPipeline:
        """One of them; NotFound, MissingTool without kfp, InvalidInput when it cannot be loaded,
        DiskFull or Denied when it cannot be kept."""
        if name not in (names := self.names()):
            raise NotFound(f"there is no pipeline {name!r}", hint=f"Known are {', '.join(names)}")
        with self._lock:
            kept = self._valid()
            if name in kept.pipelines:
                return kept.pipelines[name]
            others = [one for one in names if one != name and one not in kept.pipelines]
            began = time.time_ns()
            answer = self._together(name, [] if self._code else others)
            made = {one: CompiledPipeline(**found) for one, found in answer["pipelines"].items()}
            files = sorted({*kept.files, *answer["files"]})
            if _newest(files) < began:  # else it may be that another text was compiled
                self._keep(_Kept({**kept.pipelines, **made}, files, _stamp(files)))
        if name not in made:
            raise _error(answer["errors"][name])
        return made[name]

    def _together(self, name: str, others: Sequence[str]) -> dict[str, Any]:
        """Compile one pipeline and others with it, since the import of kfp takes longer than all
        the rest; alone when one of them takes the process down."""
        with suppress(RunFailed):
            if others:
                return self._compile(name, [name, *others])
        return self._compile(name, [name])

    def _valid(self) -> _Kept:
        """What is kept and still holds."""
        if self._kept.stamp and self._kept.stamp == _stamp(self._kept.files):
            return self._kept
        self._kept = _NOTHING
        with suppress(FileNotFoundError, ValueError, TypeError, KeyError):
            if self._file:
                document = json.loads(self._file.read_bytes())
                if document["stamp"] == _stamp(document["files"]):
                    made = {n: CompiledPipeline(**p) for n, p in document["pipelines"].items()}
                    self._kept = _Kept(made, document["files"], document["stamp"])
        return self._kept

    def _keep(self, kept: _Kept) -> None:
        self._kept = kept
        if self._file:
            with os_errors(str(self._file)):
                self._file.parent.mkdir(parents=True, exist_ok=True)
            with replacing(self._file) as file:
                file.write(json.dumps(asdict(kept)).encode())

    def _compile(self, name: str, names: Sequence[str]) -> dict[str, Any]:
        try:
            done = subprocess.run(
                [
                    sys.executable,
                    "-m",
                    "slipway.adapters.compiled_pipelines",
                    self._package,
                    *names,
                ],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                cwd=self._code,
                env=pushed_code.environment(self._code) if self._code else None,
                check=True,
            )
            document: dict[str, Any] = json.loads(done.stdout)
        except ValueError:
            raise RunFailed(f"pipeline {name} cannot be loaded: it writes nonsense") from None
        except subprocess.TimeoutExpired:
            raise RunFailed(f"pipeline {name} takes over {_SECONDS:.0f} s to be loaded") from None
        except subprocess.CalledProcessError as error:
            last = error.stderr.strip().splitlines()[-1:] or [f"it ended with {error.returncode}"]
            raise RunFailed(f"pipeline {name} cannot be loaded: {last[0]}") from None
        return document


def _stamp(files: Sequence[str]) -> str:
    """Changes when one of the files does."""
    digest = hashlib.sha256()
    for file in files:
        try:
            status = os.stat(file)  # noqa: PTH116  thousands of files, and a Path costs more
        except OSError:
            digest.update(f"{file} is gone\n".encode())
        else:
            digest.update(f"{file} {status.st_mtime_ns} {status.st_size}\n".encode())
    return digest.hexdigest()


def _newest(files: Sequence[str]) -> int:
    """When the last of them was changed, in unix nanoseconds."""
    return max((Path(file).stat().st_mtime_ns for file in files if Path(file).exists()), default=0)


def _error(said: Mapping[str, str]) -> SlipwayError:
    kind = getattr(errors, said["kind"], None)
    if not (isinstance(kind, type) and issubclass(kind, SlipwayError)):
        kind = InvalidInput
    return kind(said["message"], hint=said["hint"])


def _compiled(package: str, name: str) -> dict[str, Any]:
    import yaml

    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "pipeline.yaml"
        kfp_pipelines.compile_pipeline(package, name, file, None)
        spec, *platform = yaml.load_all(file.read_bytes(), _loader())
    order = list(kfp_pipelines.load_pipeline(package, name).component_spec.inputs or ())
    return {"order": order, "spec": spec, "platform": platform[0] if platform else None}


def _loader() -> Any:
    import yaml

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same, ten times as fast


def _answer(package: str, names: Sequence[str]) -> dict[str, Any]:
    made, refused = {}, {}
    for name in names:
        try:
            made[name] = _compiled(package, name)
        except SlipwayError as error:
            kind = type(error).__name__
            refused[name] = {"kind": kind, "message": error.message, "hint": error.hint}
        except (Exception, SystemExit) as error:  # noqa: BLE001  pipelines fail in any way
            reason = f"pipeline {name} cannot be loaded: {type(error).__name__}: {error}"
            hint = "Mend its module and try again"
            refused[name] = {"kind": "InvalidInput", "message": reason, "hint": hint}
    files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    return {"pipelines": made, "errors": refused, "files": sorted({f for f in files if f})}


def main() -> None:
    """Compile what the command line says; what its modules print goes to the error output."""
    with os.fdopen(os.dup(1), "w") as answer:
        os.dup2(2, 1)
        package, *names = sys.argv[1:]
        json.dump(_answer(package, names), answer)


if __name__ == "__main__":
    main()
