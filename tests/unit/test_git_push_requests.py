"""What is signed is taken once; what is not, or is too old, is refused before it is read."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from slipway.domain.errors import (
    Denied,
    InvalidInput,
    InvalidSetting,
    Refused,
    SlipwayError,
    Unavailable,
)
from slipway.domain.git import Delivery, Sender, WatchedRepository
from slipway.services.git_push.push import Answer, PushReceiver
from slipway.services.git_push.requests import receive
from tests.fixtures import webhooks
from tests.fixtures.webhooks import AFTER, BEFORE, REF, SECRET, TOKEN, Message

NOW = 1_763_721_000
STAMP = datetime.fromtimestamp(NOW, UTC).isoformat()

GOOD: dict[str, tuple[Sender, str, Callable[[], Message]]] = {
    "hook": (Sender.HOOK, SECRET, lambda: webhooks.cloud_event(STAMP)),
    "github": (Sender.GITHUB, SECRET, webhooks.github),
    "gitea": (Sender.GITEA, SECRET, webhooks.gitea),
    "forgejo": (Sender.GITEA, SECRET, lambda: webhooks.gitea(forgejo=True)),
    "gitlab": (Sender.GITLAB, SECRET, webhooks.gitlab),
    "gitlab signed": (Sender.GITLAB, TOKEN, lambda: webhooks.gitlab_signed(NOW - 20)),
}
PROOF = {
    "hook": "x-slipway-signature",
    "github": "x-hub-signature-256",
    "gitea": "x-gitea-signature",
    "forgejo": "x-forgejo-signature",
    "gitlab": "x-gitlab-token",
    "gitlab signed": "webhook-signature",
}


class Noting(PushReceiver):
    """Notes what would be started."""

    def __init__(self) -> None:
        self.received: list[Delivery] = []

    def receive(self, delivery: Delivery) -> Answer:
        self.received.append(delivery)
        return Answer()


class Door:
    """A repository whose secrets lie in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.receiver = Noting()
        self.repository = WatchedRepository("factory", "/srv/git/factory.git", ())

    def secret(self, sender: Sender, secret: str) -> None:
        path = self._folder / sender
        path.touch(0o600)
        path.write_text(f"{secret}\n")
        secrets = {**self.repository.secrets, sender: path}
        self.repository = replace(self.repository, secrets=secrets)

    def send(self, message: Message) -> Answer:
        return receive(self.repository, message.headers, message.body, NOW, lambda _: self.receiver)


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path)


@pytest.mark.parametrize("name", GOOD)
def test_each_sender_is_understood(name: str, door: Door) -> None:
    sender, secret, make = GOOD[name]
    door.secret(sender, secret)
    door.send(make())
    [delivery] = door.receiver.received
    assert delivery.pusher == "dora"
    [push] = delivery.pushes
    assert (push.ref, push.before, push.after) == (REF, BEFORE, AFTER)


@pytest.mark.parametrize("name", GOOD)
def test_a_wrong_proof_is_refused_without_a_word_of_the_secret(
    name: str, door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    sender, secret, make = GOOD[name]
    door.secret(sender, secret)
    good, proof = make(), PROOF[name]
    value = good.headers[proof]
    unsigned = {k: v for k, v in good.headers.items() if k != proof and "signature" not in k}
    others = ("", "ä€", value.upper(), value[:-2] + ("11" if value.endswith("00") else "00"))
    wrong = [Message({**good.headers, proof: other}, good.body) for other in others]
    wrong.append(Message(unsigned, good.body))
    if name != "gitlab":  # whose older scheme does not cover the body
        wrong.append(Message(good.headers, good.body.replace(b"main", b"mine")))
        wrong.append(Message(good.headers, good.body + b" "))
    with caplog.at_level(logging.DEBUG):
        for message in wrong:
            with pytest.raises(Denied) as caught:
                door.send(message)
            told = f"{caught.value.message} {caught.value.hint} {caplog.text}"
            assert secret not in told
            assert value not in told
    assert not door.receiver.received


def test_a_proof_of_another_scheme_does_not_do(door: Door) -> None:
    """Gitea sends GitHub's signature too; with a wrong one of its own it is not good enough."""
    door.secret(Sender.GITEA, SECRET)
    door.secret(Sender.GITLAB, TOKEN)
    message = webhooks.gitea(forgejo=True)
    with pytest.raises(Denied):
        door.send(message.header(x_forgejo_signature="0" * 64))
    with pytest.raises(Denied, match="webhook-signature is missing"):
        door.send(webhooks.gitlab().header(x_gitlab_token=TOKEN))


def test_who_has_no_secret_is_not_taken(door: Door) -> None:
    door.secret(Sender.GITHUB, SECRET)
    with pytest.raises(Denied, match="takes nothing from gitlab"):
        door.send(webhooks.gitlab())
    with pytest.raises(Denied, match="neither"):
        door.send(Message({"content-type": "application/json"}, b"{}"))


@pytest.mark.parametrize("seconds", [-301, 301])
def test_what_is_stale_is_refused(seconds: int, door: Door) -> None:
    door.secret(Sender.HOOK, SECRET)
    door.secret(Sender.GITLAB, TOKEN)
    when = datetime.fromtimestamp(NOW + seconds, UTC).isoformat()
    for message in (webhooks.cloud_event(when), webhooks.gitlab_signed(NOW + seconds)):
        with pytest.raises(Refused, match="301 s"):
            door.send(message)
    assert not door.receiver.received


def test_a_ping_starts_nothing(door: Door) -> None:
    door.secret(Sender.GITHUB, SECRET)
    answer = door.send(webhooks.github().header(x_github_event="ping"))
    assert answer.lines
    assert not door.receiver.received


@pytest.mark.parametrize(
    "message",
    [
        webhooks.github(after="HEAD"),
        webhooks.github(before="--upload-pack=x"),
        webhooks.github(ref="main"),
        webhooks.github(ref="refs/heads/../../x"),
        webhooks.github(ref="refs/heads/a b"),
        webhooks.cloud_event("yesterday"),
        webhooks.cloud_event("2025-11-21T10:30:00"),
        webhooks.cloud_event(STAMP, name=""),
    ],
)
def test_what_cannot_be_read_is_an_error(message: Message, door: Door) -> None:
    door.secret(Sender.GITHUB, SECRET)
    door.secret(Sender.HOOK, SECRET)
    with pytest.raises(InvalidInput):
        door.send(message)
    assert not door.receiver.received


@pytest.mark.parametrize(
    ("text", "mode", "kind"), [("", 0o600, InvalidSetting), (SECRET, 0o640, Denied)]
)
def test_a_secret_has_to_be_one(text: str, mode: int, kind: type[SlipwayError], door: Door) -> None:
    door.secret(Sender.GITHUB, text)
    door.repository.secrets[Sender.GITHUB].chmod(mode)
    with pytest.raises(Unavailable, match="the secret of github") as caught:
        door.send(webhooks.github(secret=text))
    assert isinstance(caught.value.__cause__, kind)


@pytest.mark.parametrize("name", GOOD)
def test_a_replay_is_known_again(name: str, door: Door) -> None:
    """By its id; by its body too, since forges do not sign the id."""
    sender, secret, make = GOOD[name]
    door.secret(sender, secret)
    message = make()
    ids = [key for key in message.headers if key.endswith(("-delivery", "-key", "-uuid"))]
    renamed = message.header(**{key.replace("-", "_"): "another" for key in ids})
    for each in (message, message, renamed):
        door.send(each)
    first, again, replayed = (set(delivery.keys) for delivery in door.receiver.received)
    assert first == again
    assert first & replayed
