"""What stands in the channels and has not reached the deploy bucket, or waits for people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slipway.services.channels import ChannelState
from slipway.services.deploy_folders import manifest_key
from slipway.services.problem import Problem
from slipway.services.trust.publication import Waiting


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
    waiting: tuple[Waiting, ...]  # also changes of keys


def releases(
    states: Sequence[ChannelState], manifests: Mapping[str, Waiting], waiting: Sequence[Waiting]
) -> Releases:
    """Sum up the channels; `manifests` wait for signatures, by key in the deploy bucket."""
    undelivered = []
    for state in states:
        archs = [
            str(arch)
            for arch, shown in state.published.items()
            if not shown
            and manifest_key(arch, state.channel, state.name.repository) not in manifests
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
    for waits in found.waiting:
        _, dot, folder = waits.role.partition(".")
        lacking.setdefault(folder if dot else "root", waits)
    return problems + [
        Problem(
            f"signatures {what}",
            "unsigned",
            f"what is to change in {what} has {waits.signatures} of {waits.threshold} signatures",
            f"slipway sign {what} --key FILE-or-URI shows it and adds one",
        )
        for what, waits in lacking.items()
    ]
