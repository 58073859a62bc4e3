"""The tag monitor: reconciles when it is told to, once for any number of callers at a time."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from slipway.domain.errors import SlipwayError
from slipway.domain.image import Digest
from slipway.domain.names import Channel, ModelName, ModelVersion
from slipway.ports.model_registry import ModelRegistry
from slipway.services.follow_channels import follow_channels
from slipway.services.problem import Problem
from slipway.services.reconcile_channels import Reconciler, Report

_DELAYS = (0.05, 0.2, 0.5, 1.0)  # seconds


class TagMonitor:
    """Reconciles the deploy bucket, then the model registry's aliases; threads may share it."""

    def __init__(
        self,
        reconciler: Reconciler,
        open_models: Callable[[], ModelRegistry] | None = None,
        say: Callable[[str], None] = lambda _line: None,
    ) -> None:
        """`open_models` is called when an alias may have to change; None for no model registry.
        `say` is told, a line each, of what was done and of problems when they are new."""
        self._reconciler = reconciler
        self._say = say
        self._problems: tuple[Problem, ...] = ()
        self._model_problem: Problem | None = None
        self._lock = threading.Lock()
        self._begun = 0  # reconciliations begun so far
        self._last: Report | None = None
        self._open_models = open_models
        self._models: ModelRegistry | None = None
        self._following = threading.Lock()
        self._followed: Mapping[tuple[ModelName, Channel], ModelVersion | None] = {}

    def reconcile(self) -> Report:
        """Reconcile now. Calls that come while one is under way wait for it and share the next:
        what they were told of may have happened after it had looked."""
        arrived = self._begun
        with self._lock:
            report = self._last if self._begun > arrived else None
            if report is None:
                self._begun += 1
                self._last = None
                report = self._last = self._reconciler.reconcile()
                for line in report.news(self._problems):
                    self._say(line)
                self._problems = report.problems
        return self._follow(report)

    def reconcile_after(self, moved: frozenset[tuple[Channel, Digest]]) -> Report:
        """Reconcile because of notifications, which may come before the tags are set: what they
        tell of is looked for a few times more, within two seconds."""
        report = self.reconcile()
        for delay in _DELAYS:
            if moved <= report.seen:
                break
            time.sleep(delay)
            report = self.reconcile()
        return report

    def _follow(self, report: Report) -> Report:
        """Tell the model registry what changed since it was last told. Opening one takes seconds,
        so no delivery waits for it: who finds another at it leaves it to the next call."""
        if self._open_models is None or report.standing == self._followed:
            return report
        if not self._following.acquire(blocking=False):
            return report
        try:
            self._models = self._models or self._open_models()
            follow_channels(self._models, report.standing)
        except SlipwayError as error:
            problem = Problem("model registry", error.code, error.message, error.hint)
            if problem != self._model_problem:
                self._say(str(problem))
            self._model_problem = problem
            return replace(report, problems=(*report.problems, problem))
        finally:
            self._following.release()
        self._followed, self._model_problem = report.standing, None
        return report
