"""The git_push function as functions-framework serves it, with a receiver that only notes."""

import logging
from pathlib import Path
from typing import Any

import functions_framework
import pytest

from slipway import wiring
from slipway.domain.git import Delivery
from slipway.ports.pipeline_backend import Commit, RunState, Status
from slipway.services.git_push.push import Answer
from tests.fixtures import webhooks
from tests.fixtures.webhooks import AFTER, SECRET

SOURCE = Path(__file__).parents[2] / "cloud-functions" / "git_push" / "main.py"


class Noting:
    """Stands in for PushReceiver."""

    def __init__(self) -> None:
        self.received: list[Delivery] = []

    def receive(self, delivery: Delivery) -> Answer:
        self.received.append(delivery)
        run = RunState("parts-1", "parts", Status.RUNNING, 1.0, commit=Commit(AFTER))
        return Answer([run], ["main: run parts-1 running"])


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Noting:
    noting = Noting()
    monkeypatch.chdir(tmp_path)
    secret = tmp_path / "github"
    secret.touch(0o600)
    secret.write_text(SECRET)
    (tmp_path / "slipway.yaml").write_text(
        "git: {repositories: {factory: {url: /srv/git/factory.git, secrets: {github: github},"
        " triggers: [{pipeline: parts, branches: [main]}]}}}\n"
    )
    monkeypatch.setattr(wiring, "push_receiver", lambda settings, repository: noting)
    return noting


@pytest.fixture
def client(receiver: Noting) -> Any:
    app = functions_framework.create_app(  # type: ignore[no-untyped-call]
        "git_push", str(SOURCE), "http"
    )
    return app.test_client()


def test_a_push_is_answered_with_its_runs(client: Any, receiver: Noting) -> None:
    message = webhooks.github()
    answer = client.post("/factory", data=message.body, headers=message.headers)
    assert answer.status_code == 200
    run = {"run": "parts-1", "pipeline": "parts", "status": "running", "commit": AFTER}
    assert answer.json == {"runs": [run], "lines": ["main: run parts-1 running"]}
    assert len(receiver.received) == 1


def test_what_is_refused_starts_nothing_and_is_logged(
    client: Any, receiver: Noting, caplog: pytest.LogCaptureFixture
) -> None:
    message = webhooks.github()
    unsigned = {k: v for k, v in message.headers.items() if "signature" not in k}
    wrong = webhooks.github(secret="a guess")
    with caplog.at_level(logging.INFO):
        assert client.get("/factory").status_code == 405
        assert client.post("/other", data=b"", headers=message.headers).status_code == 404
        assert client.post("/factory", data=message.body, headers=unsigned).status_code == 401
        answer = client.post("/factory", data=wrong.body, headers=wrong.headers)
    assert answer.status_code == 401
    assert answer.json["error"]["code"] == "denied"
    assert "factory: denied: x-hub-signature-256 does not fit" in caplog.text
    assert wrong.headers["x-hub-signature-256"] not in caplog.text
    assert SECRET not in caplog.text
    assert not receiver.received


def test_where_a_secret_lies_is_for_the_log_alone(
    client: Any, receiver: Noting, caplog: pytest.LogCaptureFixture
) -> None:
    Path("github").chmod(0o644)
    message = webhooks.github()
    answer = client.post("/factory", data=message.body, headers=message.headers)
    assert answer.status_code == 503
    assert str(Path.cwd()) not in answer.text
    assert str(Path.cwd() / "github") in caplog.text
    assert not receiver.received


def test_a_body_has_a_longest_size(client: Any, receiver: Noting) -> None:
    message = webhooks.github()
    answer = client.post("/factory", data=bytes((25 << 20) + 1), headers=message.headers)
    assert answer.status_code == 413
    assert not receiver.received
