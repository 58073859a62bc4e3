"""Promotions and rollbacks: tags that move, and what is known of where they were."""

import random
from collections.abc import Sequence

import pytest

from slipway.domain.errors import Denied, Failed, NotFound, Refused, Unavailable
from slipway.domain.image import Digest
from slipway.domain.names import Arch, Channel, ModelName, ModelVersion
from slipway.domain.release import Move
from slipway.services.channel_history import standing
from slipway.services.channels import channel_states
from slipway.services.promote import Promotion, promote
from slipway.services.rollback import rollback
from tests.unit.releases import World

PARTS = ModelName("parts")
V1, V2, V3, V4 = "parts_1_100", "parts_1_200", "parts_2_300", "parts_2_400"


@pytest.fixture
def world() -> World:
    world = World()
    for version in (V1, V2, V3, V4):
        world.package(version)
    return world


def promoted(world: World, version: str, channel: Channel = Channel.BETA) -> Promotion:
    return promote(
        world.registry, PARTS, ModelVersion.parse(version), channel, trail=world.audit.trail()
    )


def rolled_back(world: World) -> str:
    done = rollback(
        world.registry, world.history(), world.clock, PARTS, Channel.BETA, trail=world.audit.trail()
    )
    assert world.registry.resolve("parts", "beta") == done.index
    return str(done.after)


def delivered(world: World, *versions: str) -> None:
    """Each version in beta for long enough that the monitor sees it."""
    for version in versions:
        promoted(world, version)
        world.reconcile()


def test_promote_moves_the_tag_and_says_what_was_there(world: World) -> None:
    first = promoted(world, V1)
    second = promoted(world, V2)
    again = promoted(world, V2)
    assert (first.before, second.before) == (None, ModelVersion.parse(V1))
    assert (second.changed, again.changed) == (True, False)
    assert world.registry.resolve("parts", "beta") == world.index(V2) == second.index
    assert world.registry.resolve("parts", "stable") is None


def test_every_move_is_written_down_and_what_moves_nothing_is_not(world: World) -> None:
    delivered(world, V1, V2)
    promoted(world, V2)
    with pytest.raises(NotFound):
        promoted(world, "parts_1_999")
    rolled_back(world)
    assert world.audit.told() == [
        ("channel.promote", "parts beta", {"version": V1}),
        ("channel.promote", "parts beta", {"before": V1, "version": V2}),
        ("channel.rollback", "parts beta", {"before": V2, "version": V1}),
    ]


def test_promote_over_something_else(world: World) -> None:
    world.registry.tag("parts", world.registry.add_image("parts", Arch.X86_64), "beta")
    assert promoted(world, V1).before is None


def test_promote_an_unknown_version(world: World) -> None:
    with pytest.raises(NotFound, match="no version parts_1_999") as caught:
        promoted(world, "parts_1_999")
    assert caught.value.hint == f"The newest are {V4}, {V3}, {V2}, {V1}"
    with pytest.raises(NotFound) as caught:
        promote(
            world.registry,
            ModelName("x"),
            ModelVersion.parse("x_1_1"),
            Channel.BETA,
            trail=world.audit.trail(),
        )
    assert caught.value.hint == "The registry has no version of x"


def test_promote_a_version_of_another_model(world: World) -> None:
    with pytest.raises(Refused, match="washers_1_1 is a version of washers, not of parts"):
        promoted(world, "washers_1_1")


def test_promote_a_version_tag_that_lies(world: World) -> None:
    world.registry.tag("parts", world.index(V2), V1)
    with pytest.raises(Refused, match=f"tag {V1} points at {V2}"):
        promoted(world, V1)
    assert world.registry.resolve("parts", "beta") is None


def test_promote_with_the_registry_away(world: World) -> None:
    world.registry.down = True
    with pytest.raises(Unavailable):
        promoted(world, V1)


def test_rolling_back_goes_further_back_each_time(world: World) -> None:
    delivered(world, V1, V2, V3)
    assert rolled_back(world) == V2
    world.reconcile()
    assert rolled_back(world) == V1
    world.reconcile()
    with pytest.raises(NotFound, match="nothing stood in beta of parts before") as caught:
        rolled_back(world)
    assert V4 in caught.value.hint
    assert world.registry.resolve("parts", "beta") == world.index(V1)


def test_rolling_back_twice_without_the_monitor_in_between(world: World) -> None:
    delivered(world, V1, V2, V3)
    assert [rolled_back(world), rolled_back(world)] == [V2, V1]


def test_promotion_after_a_rollback_goes_on_from_there(world: World) -> None:
    delivered(world, V1, V2, V3)
    rolled_back(world)
    delivered(world, V4)
    assert [rolled_back(world), rolled_back(world)] == [V2, V1]


def test_promoting_an_old_version_is_no_rollback(world: World) -> None:
    delivered(world, V1, V2, V1)
    assert [rolled_back(world), rolled_back(world)] == [V2, V1]


def test_rollback_of_a_move_that_the_monitor_has_not_seen(world: World) -> None:
    delivered(world, V1, V2)
    world.move(V3, Channel.BETA)  # with any tool
    assert [rolled_back(world), rolled_back(world)] == [V2, V1]


def test_rollback_of_a_tag_that_is_gone(world: World) -> None:
    delivered(world, V1, V2)
    world.registry.remove_tag("parts", "beta")
    world.reconcile()
    assert rolled_back(world) == V2


def test_rollback_from_something_that_is_no_release(world: World) -> None:
    delivered(world, V1)
    world.registry.tag("parts", world.registry.add_image("parts", Arch.X86_64), "beta")
    assert rolled_back(world) == V1


def test_rollback_without_history(world: World) -> None:
    with pytest.raises(NotFound, match="nothing stood"):
        rolled_back(world)
    promoted(world, V1)
    with pytest.raises(NotFound, match="nothing stood"):
        rolled_back(world)


def test_rollback_with_the_registry_away_writes_nothing(world: World) -> None:
    delivered(world, V1, V2)
    before = dict(world.bucket.contents)
    world.registry.down = True
    with pytest.raises(Unavailable):
        rolled_back(world)
    assert world.bucket.contents == before


def test_rollback_that_fails_before_the_tag_moves_can_be_done_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivered(world, V1, V2)
    with monkeypatch.context() as patch:
        patch.setattr(world.registry, "tag", _unavailable)
        with pytest.raises(Unavailable):
            rolled_back(world)
    world.reconcile()
    assert rolled_back(world) == V1


def test_monitor_that_looks_in_the_middle_of_a_rollback(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It sees a tag that moved and notes an ordinary move, before the rollback is written down."""
    delivered(world, V1, V2, V3)
    tag = world.registry.tag

    def looked_at(repository: str, digest: Digest, name: str) -> None:
        world.reconcile()
        tag(repository, digest, name)
        world.reconcile()

    with monkeypatch.context() as patch:
        patch.setattr(world.registry, "tag", looked_at)
        assert rolled_back(world) == V2
    world.reconcile()
    assert rolled_back(world) == V1


@pytest.mark.parametrize("when", Channel)
def test_rollback_in_the_middle_of_a_monitors_look(
    world: World, monkeypatch: pytest.MonkeyPatch, when: Channel
) -> None:
    """Before or after the monitor has read beta: what it read is old when it writes."""
    for channel in Channel:
        promoted(world, V1, channel)
    delivered(world, V1, V2, V3)
    resolve = world.registry.resolve

    def interrupted(repository: str, name: str) -> Digest | None:
        if name == when:
            monkeypatch.setattr(world.registry, "resolve", resolve)
            rolled_back(world)
        return resolve(repository, name)

    monkeypatch.setattr(world.registry, "resolve", interrupted)
    world.reconcile()
    world.reconcile()
    assert world.registry.resolve("parts", "beta") == world.index(V2)
    assert rolled_back(world) == V1


def test_history_is_written_once_by_any_number_of_monitors(world: World) -> None:
    promoted(world, V1)
    monitors = [world.reconciler(), world.reconciler()]
    for monitor in monitors:
        monitor.reconcile()
    moves = world.history().moves("parts", Channel.BETA)
    assert [str(move.version) for move in moves] == [V1]


def test_stale_monitor_cannot_append_behind_a_newer_move(world: World) -> None:
    """Two that saw the same last move: the first to write wins, the other's record is dropped."""
    history = world.history()
    delivered(world, V1)
    newer = Move(ModelVersion.parse(V2), world.index(V2), 2)
    assert history.append("parts", Channel.BETA, 2, newer)
    assert not history.append("parts", Channel.BETA, 2, Move(None, None, 3))
    assert history.moves("parts", Channel.BETA)[-1] == newer


def test_record_that_is_damaged_is_named(world: World) -> None:
    world.bucket.contents["history/parts/beta/00000001.json"] = b"{}"
    with pytest.raises(Failed, match=r"history/parts/beta/00000001\.json"):
        world.history().last()


@pytest.mark.parametrize("seed", range(20))
def test_standing_is_a_stack(seed: int) -> None:
    """Against a plain stack of the moves and of the rollbacks as they were meant."""
    chance = random.Random(seed)
    world = World()
    stack: list[str] = []
    moves: list[Move] = []
    versions = [f"parts_1_{n}" for n in range(1, 6)]
    for version in versions:
        world.package(version)
    for at in range(30):
        if len(stack) > 1 and chance.random() < 0.4:
            stack.pop()
            moves.append(_move(world, stack[-1], at, rollback=True))
        else:
            version = chance.choice([v for v in versions if not stack or v != stack[-1]])
            stack.append(version)
            moves.append(_move(world, version, at))
        assert [str(move.version) for move in standing(moves)] == stack


def test_channels_shows_what_stands_and_what_is_published(world: World) -> None:
    promoted(world, V1)
    world.reconcile()
    promoted(world, V2)
    promoted(world, V1, Channel.STABLE)
    world.reconcile()
    promoted(world, V3, Channel.STABLE)
    beta, stable = channel_states(world.registry, world.bucket)
    assert (str(beta.version), beta.channel, beta.index) == (V2, Channel.BETA, world.index(V2))
    index = world.registry.index("parts", beta.index)
    assert index
    assert beta.images == index.images
    assert beta.since is not None
    assert beta.published == dict.fromkeys(Arch, True)
    assert (str(stable.version), stable.since) == (V3, None)
    assert stable.published == dict.fromkeys(Arch, False)


def test_channels_shows_what_it_may_see(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.package("hello_1_1")
    world.move("hello_1_1", Channel.LATEST)
    promoted(world, V1)
    tags = world.registry.tags

    def refusing(repository: str) -> Sequence[str]:
        if repository == "hello":
            raise Denied("not for you")
        return tags(repository)

    monkeypatch.setattr(world.registry, "tags", refusing)
    assert [str(state.name) for state in channel_states(world.registry, world.bucket)] == ["parts"]
    world.registry.down = True
    with pytest.raises(Unavailable):
        channel_states(world.registry, world.bucket)


def test_channels_of_a_name_that_there_is_not(world: World) -> None:
    assert channel_states(world.registry, world.bucket) == []
    with pytest.raises(NotFound, match="no version of nothing"):
        channel_states(world.registry, world.bucket, ["nothing"])


def _move(world: World, version: str, at: int, *, rollback: bool = False) -> Move:
    return Move(ModelVersion.parse(version), world.index(version), at, rollback)


def _unavailable(*_: object) -> None:
    raise Unavailable("gone")
