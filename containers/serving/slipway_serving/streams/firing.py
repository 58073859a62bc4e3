"""Which rules a prediction sets off, over time."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from slipway_serving.streams.prediction import Prediction
from slipway_serving.streams.rules import Rule

_MOST: Final = 10_000  # rules and sensors that are remembered


@dataclass
class _Run:
    """Predictions in a row that were as a rule says."""

    length: int = 0
    acted: bool = False  # in this run
    last: float = 0.0  # unix seconds when the rule last acted


class Firing:
    """Remembers, for each rule and sensor, how things stand. Not for two threads at once."""

    def __init__(self) -> None:
        self._rules: tuple[Rule, ...] = ()
        self._runs: dict[tuple[str, str], _Run] = {}

    def use(self, rules: tuple[Rule, ...]) -> None:
        """Take these rules; one that was there before goes on as it stands."""
        names = {rule.name for rule in rules}
        self._rules = rules
        self._runs = {key: run for key, run in self._runs.items() if key[0] in names}

    def take(self, prediction: Prediction) -> Sequence[Rule]:
        """The rules that act now."""
        about = (rule for rule in self._rules if rule.is_about(prediction.sensor))
        return [rule for rule in about if self._acts(rule, prediction)]

    def document(self) -> list[dict[str, Any]]:
        """How things stand, for the version that goes on."""
        return [
            {"rule": rule, "sensor": sensor, **asdict(run)}
            for (rule, sensor), run in self._runs.items()
        ]

    def restore(self, left: bytes) -> None:
        """Go on from where another version was; ValueError when that is not what it left."""
        try:
            found = {
                (str(one["rule"]), str(one["sensor"])): _Run(
                    int(one["length"]), bool(one["acted"]), float(one["last"])
                )
                for one in json.loads(left)
            }
        except (KeyError, TypeError) as error:
            raise ValueError(f"{error!r}") from error
        self._runs = found
        self.use(self._rules)

    def _acts(self, rule: Rule, prediction: Prediction) -> bool:
        key = (rule.name, prediction.sensor)
        run = self._runs.get(key)
        if prediction.label != rule.label or prediction.value <= rule.above:
            if run:
                run.length, run.acted = 0, False
            return False
        if run is None:
            if len(self._runs) >= _MOST:
                del self._runs[next(iter(self._runs))]
            run = self._runs[key] = _Run()
        run.length += 1
        rested = prediction.timestamp - run.last >= rule.cooldown
        if run.length < rule.windows or run.acted or not rested:
            return False
        run.acted, run.last = True, prediction.timestamp
        return True
