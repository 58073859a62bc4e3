"""A rollback: a channel's tag goes back to the version that stood there before."""

from slipway.domain.errors import NotFound
from slipway.domain.names import Channel, ModelName
from slipway.domain.release import Move
from slipway.ports.clock import Clock
from slipway.ports.image_registry import ImageRegistry
from slipway.services.audit import Trail
from slipway.services.channel_history import ChannelHistory, Last, standing
from slipway.services.promote import Plan, Promotion
from slipway.services.releases import ReleaseReader, known_versions


def plan_rollback(
    registry: ImageRegistry, history: ChannelHistory, name: ModelName, channel: Channel
) -> Plan:
    """What `rollback` would do, and raises what it raises."""
    repository = name.repository
    current = registry.resolve(repository, channel)
    stack = standing(history.moves(repository, channel))
    if current is not None and stack and stack[-1].index == current:
        stack.pop()
    target = stack[-1] if stack else None
    if target is None or target.index is None or target.version is None:
        raise NotFound(
            f"nothing stood in {channel} of {name} before, as far as the tag monitor saw",
            hint=f"Choose a version and promote it. {known_versions(registry, name)}",
        )
    before = ReleaseReader(registry).release(repository, channel)
    images = registry.index(repository, target.index).images
    return Plan(name, channel, before, target.version, target.index, images)


def rollback(
    registry: ImageRegistry,
    history: ChannelHistory,
    clock: Clock,
    name: ModelName,
    channel: Channel,
    *,
    trail: Trail,
) -> Promotion:
    """Point `channel` at what stood there before, by the history; again, at what stood before
    that. NotFound when the history knows of nothing, or the registry no longer has it.

    The rollback is written down after the tag has moved. A tag monitor may have noted an ordinary
    move by then; `standing` takes that off again. The other way round a monitor that had read the
    old tag could note it behind the rollback, as a new move.
    """
    repository = name.repository
    _observe(registry, history, clock, repository, channel)
    plan = plan_rollback(registry, history, name, channel)
    registry.tag(repository, plan.index, channel)
    move = Move(plan.version, plan.index, clock.now(), rollback=True)
    number = history.last()[repository, channel].number + 1
    while not history.append(repository, channel, number, move):
        number += 1
    done = plan.done()
    done.note(trail, "channel.rollback")
    return done


def _observe(
    registry: ImageRegistry,
    history: ChannelHistory,
    clock: Clock,
    repository: str,
    channel: Channel,
) -> None:
    """Write down what stands in the channel, if the tag monitor has not yet."""
    last = history.last().get((repository, channel), Last())
    now = ReleaseReader(registry).release(repository, channel)
    if now and (last.move is None or last.move.index != now.index):
        move = Move(now.version, now.index, clock.now())
        history.append(repository, channel, last.number + 1, move)
