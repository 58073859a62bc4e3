"""A request to the function `git_push`, verified before it is read."""

from collections.abc import Callable, Mapping

from slipway.domain.errors import Denied, SlipwayError, Unavailable
from slipway.domain.git import WatchedRepository
from slipway.services.git_push.hooks import read_secret
from slipway.services.git_push.payloads import read_delivery
from slipway.services.git_push.push import Answer, PushReceiver
from slipway.services.git_push.signatures import sender_of, verify


def receive(
    repository: WatchedRepository,
    headers: Mapping[str, str],
    body: bytes,
    now: float,
    open_receiver: Callable[[WatchedRepository], PushReceiver],
) -> Answer:
    """What comes of a request; header names are lower case, `now` is in unix seconds.

    Denied for one that is not signed with the secret of its sender, Refused for one that is too
    old, Unavailable when that secret cannot be used, InvalidInput for one that cannot be read, and
    what `PushReceiver.receive` raises.
    """
    sender = sender_of(headers)
    if sender not in repository.secrets:
        raise Denied(
            f"{repository.name} takes nothing from {sender}",
            hint=f"Put git.repositories.{repository.name}.secrets.{sender} into slipway.yaml",
        )
    try:
        secret = read_secret(repository.secrets[sender])
    except SlipwayError as error:  # of which only the log shall tell, not whoever asks
        raise Unavailable(
            f"the secret of {sender} cannot be used", hint="The function's log says why"
        ) from error
    verify(sender, headers, body, secret, now)
    delivery = read_delivery(sender, headers, body, now)
    if delivery is None:
        return Answer(lines=["this tells of no push: nothing to do"])
    return open_receiver(repository).receive(delivery)
