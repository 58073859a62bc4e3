"""`slipway channels`: which version stands where, and what of it has been delivered."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from slipway.cli import _complete
from slipway.cli.output import json_option, print_json, print_table

if TYPE_CHECKING:
    from slipway.services.channels import ChannelState
    from slipway.services.trust.publication import Waiting


@click.command()
@click.argument("name", required=False, shell_complete=_complete.models)
@json_option
def command(name: str | None, as_json: bool) -> None:
    """Show the version, its digest and since when it stands there, for each model and channel, and
    for which archs devices see it already, and what waits for signatures."""
    from slipway import wiring
    from slipway.domain.names import ModelName
    from slipway.services.channels import channel_states
    from slipway.settings import load

    settings = load()
    watched = settings.monitor.repositories
    if name is not None:
        watched = (ModelName.parse(name).repository,)
    states = channel_states(
        wiring.image_registry(settings), wiring.deploy_bucket(settings), watched
    )
    waiting = wiring.waiting_manifests(settings)
    if as_json:
        print_json([_document(state, _of(state, waiting)) for state in states])
    elif not states:
        click.echo("No version stands in a channel yet")
    else:
        columns = ("model", "channel", "version", "digest", "since", "published", "")
        print_table(columns, [_row(state, _of(state, waiting)) for state in states])


def _of(state: "ChannelState", waiting: "Mapping[str, Waiting]") -> "dict[str, Waiting]":
    """What of one model in one channel waits for signatures, by arch."""
    from slipway.services.deploy_folders import manifest_key

    keys = {a: manifest_key(a, state.channel, state.name.repository) for a in state.published}
    return {str(arch): waiting[key] for arch, key in keys.items() if key in waiting}


def _row(state: "ChannelState", waiting: "Mapping[str, Waiting]") -> tuple[str, ...]:
    missing = next(iter(waiting.values()), None)
    return (
        str(state.name),
        str(state.channel),
        str(state.version),
        state.index.short,
        time.strftime("%Y-%m-%d %H:%M", time.localtime(state.since)) if state.since else "",
        " ".join(
            arch if shown and arch not in waiting else f"({arch})"
            for arch, shown in state.published.items()
        ),
        f"waiting for {missing.threshold - missing.signatures} of {missing.threshold} signatures"
        if missing
        else "",
    )


def _document(state: "ChannelState", waiting: "Mapping[str, Waiting]") -> dict[str, object]:
    return {
        "model": str(state.name),
        "channel": str(state.channel),
        "version": str(state.version),
        "digest": str(state.index),
        "images": {str(arch): str(digest) for arch, digest in state.images.items()},
        "since": state.since,
        "published": {
            str(arch): shown and str(arch) not in waiting for arch, shown in state.published.items()
        },
        "waiting": {
            arch: {"signatures": each.signatures, "threshold": each.threshold}
            for arch, each in waiting.items()
        },
    }
