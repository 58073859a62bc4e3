"""Pipelines that run in nothing but name: a run stands as it is told to stand."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from mimetypes import guess_type
from typing import BinaryIO

from slipway.domain.errors import NotFound
from slipway.ports.pipeline_backend import (
    UNKNOWN,
    Argument,
    Artifact,
    Confusion,
    Origin,
    Parameter,
    RunState,
    Status,
)
from slipway.ports.pipeline_graph import Step


class FakePipelineBackend:
    """Port `PipelineBackend` in memory."""

    def __init__(
        self,
        declared: Mapping[str, Sequence[Parameter]],
        graphs: Mapping[str, Sequence[Step]] | None = None,
    ) -> None:
        self._declared = dict(declared)
        self._graphs = dict(graphs or {})
        self._runs: dict[str, RunState] = {}
        self._arguments: dict[str, Mapping[str, Argument]] = {}
        self.logs: dict[str, str] = {}
        self.files: dict[str, dict[str, bytes]] = {}
        self.matrices: dict[str, Sequence[Confusion]] = {}
        self.words: dict[str, str] = {}

    def declare(self, pipeline: str, parameters: Sequence[Parameter]) -> None:
        """Let a pipeline take something else from now on."""
        self._declared[pipeline] = parameters

    def pipelines(self) -> Sequence[str]:
        return sorted(self._declared)

    def parameters(self, pipeline: str) -> Sequence[Parameter]:
        if pipeline not in self._declared:
            raise NotFound(f"there is no pipeline {pipeline!r}")
        return self._declared[pipeline]

    def description(self, pipeline: str) -> str:
        self.parameters(pipeline)
        return f"What {pipeline} does."

    def graph(self, pipeline: str) -> Sequence[Step]:
        self.parameters(pipeline)
        return self._graphs.get(pipeline, ())

    def start(
        self,
        pipeline: str,
        arguments: Mapping[str, Argument],
        origin: Origin = UNKNOWN,
        *,
        queue: bool = False,
    ) -> RunState:
        self.parameters(pipeline)
        number = len(self._runs) + 1
        state = RunState(
            f"{pipeline}-{number}",
            pipeline,
            Status.WAITING if queue else Status.RUNNING,
            0.0 if queue else float(number),
            queued=float(number) if queue else 0.0,
            actor=origin.actor,
            commit=origin.commit,
        )
        self._arguments[state.id] = dict(arguments)
        return self.put(state)

    def admit(self, limit: int) -> Sequence[RunState]:
        running = sum(state.status is Status.RUNNING for state in self._runs.values())
        waiting = [s for s in self.runs() if s.status is Status.WAITING][::-1]
        return [
            self.put(replace(state, status=Status.RUNNING, started=state.queued))
            for state in waiting[: max(0, limit - running)]
        ]

    def put(self, state: RunState) -> RunState:
        """Let a run stand so."""
        self._runs[state.id] = state
        return state

    def state(self, run_id: str) -> RunState:
        if run_id not in self._runs:
            raise NotFound(f"there is no run {run_id!r}")
        return self._runs[run_id]

    def arguments(self, run_id: str) -> Mapping[str, Argument]:
        self.state(run_id)
        return self._arguments[run_id]

    def run_graph(self, run_id: str) -> Sequence[Step]:
        return self.graph(self.state(run_id).pipeline)

    def log(self, run_id: str, offset: int = 0) -> tuple[str, int]:
        self.state(run_id)
        text = self.logs.get(run_id, "")
        return text[offset:], max(offset, len(text))

    def log_size(self, run_id: str) -> int:
        self.state(run_id)
        return len(self.logs.get(run_id, ""))

    def artifacts(self, run_id: str) -> Sequence[Artifact]:
        self.state(run_id)
        files = self.files.get(run_id, {})
        kinds = {p: guess_type(p)[0] or "application/octet-stream" for p in files}
        return [Artifact(p, p, len(files[p]), kinds[p]) for p in sorted(files)]

    def open_artifact(self, run_id: str, path: str) -> BinaryIO:
        if path not in {artifact.path for artifact in self.artifacts(run_id)}:
            raise NotFound(f"the run has no artifact {path!r}")
        return io.BytesIO(self.files[run_id][path])

    def confusions(self, run_id: str) -> Sequence[Confusion]:
        self.state(run_id)
        return self.matrices.get(run_id, ())

    def last_words(self, run_id: str) -> str:
        self.state(run_id)
        return self.words.get(run_id, "")

    def runs(self) -> Sequence[RunState]:
        return sorted(self._runs.values(), key=lambda state: -state.asked)

    def cancel(self, run_id: str) -> RunState:
        state = self.state(run_id)
        return state if state.over else self.put(replace(state, status=Status.CANCELLED))
