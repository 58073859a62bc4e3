"""`slipway git-trigger`: pushes to a bare repository start pipelines."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from slipway.cli.output import json_option, print_json, print_table, tell

if TYPE_CHECKING:
    from slipway.domain.git import WatchedRepository
    from slipway.settings import Settings

_repository = click.argument("repository", metavar="REPO", type=click.Path(path_type=Path))


@click.group()
def command() -> None:
    """Hooks that let pushes start pipelines; docs/git-push.md tells of triggers and webhooks."""


@command.command()
@_repository
@click.option("--name", help="Its name in git.repositories; else the one whose url is REPO.")
@json_option
def install(repository: Path, name: str | None, as_json: bool) -> None:
    """Put a post-receive hook into the bare repository REPO.

    A hook that is there already is kept, and runs first.
    """
    from slipway.local import functions
    from slipway.services.git_push import hooks
    from slipway.settings import load

    settings = load()
    watched = _find(settings, repository, name)
    url = f"http://127.0.0.1:{functions.port(settings, 'git_push')}/{watched.name}"
    secret = settings.home / "git" / f"{watched.name}.secret"
    installed = hooks.install(repository, watched.name, url, secret)
    document = {"repository": str(installed.repository), "name": watched.name, "url": url,
                "chained": installed.chained}  # fmt: skip
    tell(document, f"pushes to {installed.repository} go to {url}", as_json=as_json)
    if installed.chained:
        click.echo("the hook that was there runs first, as hooks/post-receive.before", err=True)
    if not functions.process(settings, "git_push").find():
        click.echo("slipway up starts the function that takes them", err=True)


@command.command()
@_repository
@json_option
def remove(repository: Path, as_json: bool) -> None:
    """Take the hook out of REPO, and put the one before back."""
    from slipway.services.git_push import hooks

    removed = hooks.remove(repository)
    document = {"repository": str(removed.repository), "chained": removed.chained}
    tell(document, f"pushes to {removed.repository} start nothing any more", as_json=as_json)
    if removed.chained:
        click.echo("the hook that was there before is back", err=True)


@command.command(name="list")
@json_option
def list_(as_json: bool) -> None:
    """List the watched repositories and what their pushes start."""
    from slipway.services.git_push import hooks
    from slipway.settings import load

    rows = []
    for watched in load().repositories:
        path = watched.url.removeprefix("file://")
        installed = hooks.find(Path(path)) if path.startswith("/") else None
        senders = [*(["hook"] if installed else []), *watched.secrets]
        rows.append((watched, senders))
    if as_json:
        print_json(
            [
                {
                    "name": watched.name,
                    "url": watched.url,
                    "senders": senders,
                    "triggers": [
                        {
                            "pipeline": trigger.pipeline,
                            "branches": trigger.branches,
                            "paths": trigger.paths,
                            "params": trigger.params,
                        }
                        for trigger in watched.triggers
                    ],
                }
                for watched, senders in rows
            ]
        )
        return
    print_table(
        ("name", "from", "branches", "paths", "pipeline"),
        [
            (
                watched.name,
                ", ".join(senders) or "nobody yet",
                ", ".join(trigger.branches),
                ", ".join(trigger.paths) or "all",
                trigger.pipeline,
            )
            for watched, senders in rows
            for trigger in watched.triggers
        ],
        "No repository is watched: docs/git-push.md tells how",
    )


def _find(settings: "Settings", repository: Path, name: str | None) -> "WatchedRepository":
    from slipway.domain.errors import NotFound
    from slipway.wiring import watched_repository

    if name:
        return watched_repository(settings, name)
    place = str(repository.resolve())
    for watched in settings.repositories:
        path = Path(watched.url.removeprefix("file://"))
        if path.is_absolute() and str(path.resolve()) == place:
            return watched
    raise NotFound(
        f"no repository of git.repositories has the url {place}",
        hint="Put it into slipway.yaml (docs/git-push.md), or give its --name",
    )
