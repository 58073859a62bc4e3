"""From a delivery to the runs that it starts."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from slipway.domain.git import Delivery, Push, Trigger, WatchedRepository
from slipway.ports.code_source import CodeSource
from slipway.ports.pipeline_backend import Commit, RunState
from slipway.services.git_push.deliveries import Deliveries
from slipway.services.git_push.matching import matches_branch, matches_paths

_SHORT = 10  # characters of a commit for people

# Starts a trigger's pipeline with the code of a commit, in the name of who pushed it; a run that
# cannot start because of that code is a failed run.
Start = Callable[[Trigger, Commit, str], RunState]


@dataclass
class Answer:
    """What came of a delivery: its runs, and a line for each thing that people should know."""

    runs: list[RunState] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


class PushReceiver:
    """Starts what pushes to one repository concern."""

    def __init__(
        self,
        repository: WatchedRepository,
        source: CodeSource,
        deliveries: Deliveries,
        start: Start,
        in_use: Callable[[], set[Path]],
    ) -> None:
        """`in_use`: the checkouts of runs that are not over."""
        self._repository = repository
        self._source = source
        self._deliveries = deliveries
        self._start = start
        self._in_use = in_use

    def receive(self, delivery: Delivery) -> Answer:
        """Start the runs; raises what the source and the start raise. A delivery that ended in an
        error before its first run may come again."""
        answer = Answer()
        if not self._deliveries.take(delivery):
            answer.lines.append("this delivery came before: nothing is started again")
            return answer
        try:
            for push in delivery.pushes:
                self._receive(push, delivery.pusher, answer)
            self._source.tidy(self._in_use())
        except BaseException:
            if not answer.runs:
                self._deliveries.give_back(delivery)
            raise
        return answer

    def _receive(self, push: Push, pusher: str, answer: Answer) -> None:
        name = push.branch or push.ref
        if not push.branch or push.deleted:
            what = "was deleted" if push.deleted else "is no branch"
            answer.lines.append(f"{name} {what}: no run")
            return
        of_branch = [t for t in self._repository.triggers if matches_branch(t, push.branch)]
        if not of_branch:
            answer.lines.append(f"{name}: no run, no trigger is for this branch")
            return
        self._source.fetch()
        short = push.after[:_SHORT]
        if not self._source.has(push.after):
            answer.lines.append(f"{name}: no run, {short} is not in the repository any more")
            return
        if self._source.head(push.ref) != push.after:
            answer.lines.append(f"{name} has moved on from {short} in the meantime")
        changed = self._source.changed(push)
        triggers = [t for t in of_branch if matches_paths(t, changed)]
        if not triggers:
            answer.lines.append(f"{name} {short}: no run, no trigger is for the files it changed")
            return
        code = self._source.checkout(push.after)
        commit = Commit(push.after, self._repository.name, push.ref, str(code))
        for trigger in triggers:
            run = self._start(trigger, commit, pusher)
            answer.runs.append(run)
            line = f"{name} {short}: run {run.id} {run.status}"
            answer.lines.append(f"{line}: {run.error.message}" if run.error else line)
