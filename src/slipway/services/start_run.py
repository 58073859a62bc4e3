"""Starting and ending runs, as the command line, the console, pushes and schedules do it."""

from collections.abc import Mapping, Sequence

from slipway.ports.pipeline_backend import Argument, Commit, Origin, PipelineBackend, RunState
from slipway.services.audit import Trail
from slipway.services.run_arguments import check_complete, parse_arguments

_COMMIT = "git_commit"  # the parameter that tells a pipeline its commit
_STARTED = "started"  # the one that tells it when it began


def start(
    backend: PipelineBackend,
    defaults: Mapping[str, Argument],
    pipeline: str,
    given: Sequence[str] | Mapping[str, str],
    *,
    trail: Trail,
    commit: Commit | None = None,
    queue: bool = False,
) -> RunState:
    """Start a run with what is `given` (`key=value` texts or a mapping of texts); what is not given
    comes from the `defaults`, then from the pipeline. With `queue` it waits for its turn.

    Raises InvalidInput for arguments that do not fit, and what the backend raises. Nothing runs
    that could not be written into the audit log.
    """
    carried = {**defaults, _COMMIT: commit.id} if commit else defaults
    arguments = arguments_of(backend, carried, pipeline, given, later=queue)
    if commit and _COMMIT in arguments:
        arguments[_COMMIT] = commit.id  # whatever was given
    state = backend.start(pipeline, arguments, Origin(trail.actor.who, commit), queue=queue)
    try:
        trail.note("run.start", state.id, pipeline=pipeline, commit=commit.id if commit else "")
    except BaseException:
        backend.cancel(state.id)
        raise
    return state


def arguments_of(
    backend: PipelineBackend,
    defaults: Mapping[str, Argument],
    pipeline: str,
    given: Sequence[str] | Mapping[str, str],
    *,
    later: bool,
) -> dict[str, Argument]:
    """What a run is started with; raises as `start`. `later`: it does not begin at once."""
    declared = backend.parameters(pipeline)
    arguments = {p.name: defaults[p.name] for p in declared if p.name in defaults}
    if later:
        arguments.pop(_STARTED, None)  # which the pipeline fills in when it begins
    arguments |= parse_arguments(pipeline, declared, given)
    check_complete(pipeline, declared, arguments)
    return arguments


def cancel(backend: PipelineBackend, run_id: str, *, trail: Trail) -> RunState:
    """End a run; one that is over stays as it is, and nothing is written down. NotFound."""
    if (before := backend.state(run_id)).over:
        return before
    state = backend.cancel(run_id)
    trail.note("run.cancel", run_id, pipeline=state.pipeline)
    return state
