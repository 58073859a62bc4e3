"""Does what rules say."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from slipway_serving.streams.counts import Counts
from slipway_serving.streams.prediction import Prediction
from slipway_serving.streams.rules import Publish, Rule, Webhook
from slipway_serving.streams.templates import fill, fill_topic
from slipway_serving.streams.webhooks import Caller

Send = Callable[[str, bytes], None]  # topic, payload


class Actions:
    """Publishes and calls."""

    def __init__(self, rules: Sequence[Rule], send: Send, counts: Counts) -> None:
        """`send` publishes a message."""
        self._send = send
        self._callers = {
            rule.name: Caller(rule.name, rule.action, counts)
            for rule in rules
            if isinstance(rule.action, Webhook)
        }

    def do(self, rule: Rule, prediction: Prediction) -> None:
        """One rule's action, soon."""
        values = {**prediction.document(), "rule": rule.name}
        if isinstance(rule.action, Publish):
            payload = _payload(rule.action.payload, values)
            text = payload if isinstance(payload, str) else json.dumps(payload)
            self._send(fill_topic(rule.action.topic, values), text.encode())
        else:
            self._callers[rule.name].call(_payload(rule.action.payload, values))

    def leave(self) -> None:
        """End what is under way."""
        for caller in self._callers.values():
            caller.leave()


def _payload(template: Any, values: Mapping[str, Any]) -> Any:
    if template is None:
        return dict(values)
    # A payload that is text stays text, also where it is a placeholder and nothing else.
    return (
        fill(f"{template}\n", values)[:-1] if isinstance(template, str) else fill(template, values)
    )
