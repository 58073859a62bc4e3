"""What stands in the channels and has not reached the deploy bucket, or waits for people."""

from collections.abc import Sequence
from dataclasses import dataclass

from slipway.services.channels import ChannelState
from slipway.services.problem import Problem
from slipway.services.trust.publication import Waiting

_KEYS = ("root", "targets")  # roles that say who signs; people sign both at once


@dataclass(frozen=True)
class Undelivered:
    """A release that devices of these archs do not see yet."""

    model: str
    channel: str
    version: str
    archs: tuple[str, ...]


@dataclass(frozen=True)
class Releases:
    """All releases: how many stand in channels, and what of them devices do not see yet."""

    standing: int
    undelivered: tuple[Undelivered, ...]
    waiting: tuple[Waiting, ...]  # for signatures; also changes of keys


def releases(states: Sequence[ChannelState], waiting: Sequence[Waiting]) -> Releases:
    """Sum up the channels, and what of them waits for signatures."""
    pending = {each.role for each in waiting}
    undelivered = []
    for state in states:
        archs = [
            str(arch)
            for arch, shown in state.published.items()
            if not shown and f"{arch}.{state.channel}" not in pending
        ]
        if archs:
            undelivered.append(
                Undelivered(str(state.name), str(state.channel), str(state.version), tuple(archs))
            )
    return Releases(len(states), tuple(undelivered), tuple(waiting))


def release_problems(found: Releases) -> list[Problem]:
    """One for each release that is stuck, and one for each channel that waits for signatures."""
    problems = [
        Problem(
            f"{each.model} {each.channel}",
            "undelivered",
            f"{each.version} stands in {each.channel} and is not delivered for"
            f" {', '.join(each.archs)}",
            "The tag monitor delivers it within seconds while it runs; else its log says why not",
        )
        for each in found.undelivered
    ]
    lacking: dict[str, Waiting] = {}  # by what people sign: a channel, or root for keys
    for each in found.waiting:
        what = "root" if each.role in _KEYS else each.role.partition(".")[2]
        lacking.setdefault(what, each)
    return problems + [
        Problem(
            f"signatures {what}",
            "unsigned",
            f"a change of {'keys' if what == 'root' else what} has {waits.signatures} of"
            f" {waits.threshold} signatures",
            f"slipway sign {what} --key FILE-or-URI shows it and adds one",
        )
        for what, waits in lacking.items()
    ]
