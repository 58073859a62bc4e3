"""What a local run wrote: its log, part by part, and the files of its tasks."""

import codecs
import json
import mimetypes
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from slipway.domain.errors import InvalidInput, NotFound
from slipway.domain.system_errors import os_errors
from slipway.ports.pipeline_backend import Artifact, Confusion

_PART = 1 << 16  # bytes of a log that are read at once
_KFP_OWN = "executor_output.json"  # kfp's note of a task's outputs


def log_part(file: Path, offset: int) -> tuple[str, int]:
    """See `PipelineBackend.log`; a character that is half written comes with the next part."""
    if offset < 0:
        raise InvalidInput(f"the offset in the log is {offset}", hint="Begin with 0")
    with file.open("rb") as log:
        log.seek(offset)
        data = log.read(_PART)
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    text = decoder.decode(data)
    pending, _ = decoder.getstate()
    return text, offset + len(data) - len(pending)


def artifacts(folder: Path) -> Sequence[Artifact]:
    """The files in `folder`, PIPELINE-TIME/TASK/OUTPUT[/FILE]; links are left out."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.name != _KFP_OWN and path.is_file() and not path.is_symlink():
            name = path.relative_to(folder)
            kind = mimetypes.guess_type(name.name)[0] or "application/octet-stream"
            found.append(Artifact(str(Path(*name.parts[1:])), str(name), path.stat().st_size, kind))
    return found


def open_artifact(folder: Path, path: str) -> BinaryIO:
    """Open one of `artifacts`; NotFound for any other path, one that leads out of it included."""
    if path not in {artifact.path for artifact in artifacts(folder)}:
        raise NotFound(f"the run has no artifact {path!r}", hint="Its page lists them")
    with os_errors(path):
        return (folder / path).open("rb")


def confusions(folder: Path) -> Sequence[Confusion]:
    """What tasks gave to the `log_confusion_matrix` of a ClassificationMetrics; kfp keeps it in
    its note of the task's outputs."""
    found = []
    for note in sorted(folder.glob(f"*/*/{_KFP_OWN}")):
        with os_errors(str(note)):
            data = note.read_bytes()
        with suppress(ValueError, TypeError, KeyError):  # half written, or written by others
            outputs: Mapping[str, Any] = json.loads(data)["artifacts"]
            for output, made in sorted(outputs.items()):
                for artifact in made["artifacts"]:
                    if matrix := artifact["metadata"].get("confusionMatrix"):
                        found.append(_confusion(f"{note.parent.name}/{output}", matrix))
    return found


def _confusion(name: str, matrix: Mapping[str, Any]) -> Confusion:
    labels = [str(label["displayName"]) for label in matrix["annotationSpecs"]]
    return Confusion(name, labels, [[float(n) for n in row["row"]] for row in matrix["rows"]])
