"""What a shell may complete: names that are at hand, found without asking anybody far away.

A completion never fails and never says a word: where something is wrong it has nothing to offer.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from slipway.settings import Settings

_MOST = 200  # offers

Completer = Callable[[click.Context, click.Parameter, str], "list[CompletionItem]"]


def _completer(find: "Callable[[Settings, click.Context], Iterable[str]]") -> Completer:
    """What click asks for: those of the found names that begin as the word does."""

    def complete(ctx: click.Context, _: click.Parameter, incomplete: str) -> "list[CompletionItem]":
        from itertools import islice

        from click.shell_completion import CompletionItem

        from slipway.domain.errors import SlipwayError
        from slipway.settings import load

        with suppress(SlipwayError, OSError):
            names = (name for name in find(load(), ctx) if name.startswith(incomplete))
            return [CompletionItem(name) for name in islice(dict.fromkeys(names), _MOST)]
        return []

    return complete


def _pipelines(settings: "Settings", _: click.Context) -> Iterable[str]:
    from slipway import wiring

    return wiring.pipeline_backend(settings).pipelines()


def _runs(settings: "Settings", _: click.Context) -> Iterable[str]:
    from slipway import wiring

    return [state.id for state in wiring.pipeline_backend(settings).runs()]


def _channels(_: "Settings", __: click.Context) -> Iterable[str]:
    from slipway.domain.names import Channel

    return map(str, Channel)


def _archs(_: "Settings", __: click.Context) -> Iterable[str]:
    from slipway.domain.names import Arch

    return map(str, Arch)


def _models(settings: "Settings", _: click.Context) -> Iterable[str]:
    return (version.rpartition("_")[0].rpartition("_")[0] for version in _trained(settings))


def _versions(settings: "Settings", ctx: click.Context) -> Iterable[str]:
    """Newest first; of the model that the line names already."""
    name = ctx.params.get("name")
    newest = sorted(
        _trained(settings), key=lambda version: version.rpartition("_")[2], reverse=True
    )
    return (version for version in newest if not name or version.startswith(f"{name}_"))


def _trained(settings: "Settings") -> Iterator[str]:
    """The versions in the model-output bucket, if that is a folder of this machine."""
    from pathlib import Path

    from slipway.domain.errors import InvalidName
    from slipway.domain.names import ModelVersion

    if not settings.model_output_url.startswith("file://"):
        return
    for folder in Path(settings.model_output_url.removeprefix("file://")).glob("*/*/"):
        with suppress(InvalidName):
            yield str(ModelVersion.parse(folder.name))


def _local_devices(settings: "Settings", _: click.Context) -> Iterable[str]:
    return sorted(path.parent.name for path in settings.home.glob("devices/*/device.json"))


def _devices(settings: "Settings", _: click.Context) -> Iterable[str]:
    """Those that have reported, if the reports bucket is a folder of this machine."""
    from pathlib import Path

    if not settings.reports_url.startswith("file://"):
        return []
    reports = Path(settings.reports_url.removeprefix("file://"))
    return sorted(path.name for path in reports.glob("devices/*/"))


def _schedules(settings: "Settings", _: click.Context) -> Iterable[str]:
    from slipway import wiring

    return [schedule.name for schedule in wiring.local_schedules(settings).schedules()]


pipelines, runs, channels, archs = map(_completer, (_pipelines, _runs, _channels, _archs))
models, versions = map(_completer, (_models, _versions))
devices, local_devices = map(_completer, (_devices, _local_devices))
schedules = _completer(_schedules)
