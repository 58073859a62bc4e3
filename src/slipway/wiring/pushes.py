"""Runs for what is pushed to git."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from slipway.domain.errors import NotFound, SlipwayError
from slipway.domain.git import Sender, Trigger, WatchedRepository
from slipway.settings import Settings
from slipway.wiring.people import audit_log
from slipway.wiring.runs import run_defaults

if TYPE_CHECKING:
    from slipway.ports.pipeline_backend import Commit, RunState
    from slipway.services.git_push.push import PushReceiver


def watched_repository(settings: Settings, name: str) -> WatchedRepository:
    """A repository of `git.repositories`, with the secret of its hook too; NotFound."""
    for repository in settings.repositories:
        if repository.name == name:
            hook = settings.home / "git" / f"{name}.secret"
            own = {Sender.HOOK: hook} if hook.exists() else {}
            return dataclasses.replace(repository, secrets={**repository.secrets, **own})
    raise NotFound(
        f"no repository {name[:80]!r} is watched",
        hint="git.repositories of slipway.yaml names them; slipway git-trigger list shows them",
    )


def push_receiver(settings: Settings, repository: WatchedRepository) -> "PushReceiver":
    """What starts runs for pushes to a repository, with the code that was pushed."""
    from slipway.adapters.git_mirror import GitMirror
    from slipway.adapters.local_pipeline_backend import LocalPipelineBackend
    from slipway.ports.pipeline_backend import Origin, RunError
    from slipway.services.audit import Actor, Trail, Via
    from slipway.services.git_push.deliveries import Deliveries
    from slipway.services.git_push.push import PushReceiver
    from slipway.services.start_run import start

    runs = settings.home / "runs"

    def start_pushed(trigger: Trigger, commit: "Commit", pusher: str) -> "RunState":
        backend = LocalPipelineBackend(runs, code=Path(commit.folder))
        trail = Trail(audit_log(settings), Actor(pusher, Via.GIT))
        name, params = trigger.pipeline, trigger.params
        try:
            return start(
                backend,
                run_defaults(settings),
                name,
                params,
                trail=trail,
                commit=commit,
                queue=True,
            )
        except SlipwayError as error:
            if error.transient:
                raise
            reason = RunError(error.code, error.message, error.hint)
            state = backend.refuse(name, params, Origin(pusher, commit), reason)
            trail.note("run.start", state.id, pipeline=name, commit=commit.id)
            return state

    def in_use() -> set[Path]:
        states = LocalPipelineBackend(runs).runs()
        return {Path(state.commit.folder) for state in states if state.commit and not state.over}

    folder = settings.home / "git"
    return PushReceiver(
        repository,
        GitMirror(folder, repository.name, repository.url),
        Deliveries(folder / f"{repository.name}.deliveries"),
        start_pushed,
        in_use,
    )
