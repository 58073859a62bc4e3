"""`slipway keys`: who may sign what devices take."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slipway.cli import _complete
from slipway.cli.output import ask_secret, json_option, print_json, tell

if TYPE_CHECKING:
    from tuf.api.metadata import Root, Targets

_path = click.Path(path_type=Path)
_root_keys = click.option(
    "--root-key",
    "uris",
    multiple=True,
    metavar="FILE-or-URI",
    help="A root key that is not in the folder trust.keys, or the URI of its signer.",
)


@click.group()
def command() -> None:
    """Keys that devices trust: docs/trust.md says how to keep and to change them."""


@command.command()
@click.option("--root-keys", default=3, show_default=True, help="How many to make.")
@click.option("--threshold", default=2, show_default=True, help="How many of them have to sign.")
@click.option("--online", type=_path, help="Public half of the key trust.online leads to.")
@json_option
def init(root_keys: int, threshold: int, online: Path | None, as_json: bool) -> None:
    """Make root keys, an online key and the repository; root.json is for the devices."""
    from slipway import wiring
    from slipway.settings import load

    settings = load()
    wiring.make_keys(settings, root_keys=root_keys, threshold=threshold, online=online)
    start = settings.keys / "root.json"
    text = (
        f"keys made in {settings.keys}\ndevices start from {start}\n"
        "move the root-*.pem to where no server can reach them, each to another place"
    )
    tell({"folder": str(settings.keys), "root": str(start)}, text, as_json=as_json)


@command.command()
@click.argument("file", type=_path)
@json_option
def new(file: Path, as_json: bool) -> None:
    """Make a person's key pair: FILE is private, FILE with .pub in place of its suffix public."""
    from slipway.adapters.key_folder import make_pair

    public = make_pair(file)
    text = f"{file} is yours alone; give {public} to the owner of the root keys"
    tell({"private": str(file), "public": str(public)}, text, as_json=as_json)


@command.command()
@click.argument("uri")
@click.argument("file", type=_path)
@json_option
def public(uri: str, file: Path, as_json: bool) -> None:
    """Write the public half of the key that URI (hsm:… or awskms:…) leads to into FILE."""
    from slipway.adapters.key_folder import write_public
    from slipway.adapters.key_services import KeyService

    write_public(file, KeyService(uri, ask_secret).public_pem())
    text = f"give {file} to the owner of the root keys; {uri} signs"
    tell({"public": str(file), "signer": uri}, text, as_json=as_json)


@command.command()
@click.argument("channel", shell_complete=_complete.channels)
@click.option("--key", "keys", type=_path, multiple=True, help="A public key; again for more.")
@click.option("--threshold", default=1, show_default=True, help="How many have to sign.")
@click.option("--online", is_flag=True, help="No key any more but the tag monitor's own.")
@_root_keys
@json_option
def demand(
    channel: str,
    keys: tuple[Path, ...],
    threshold: int,
    *,
    online: bool,
    uris: tuple[str, ...],
    as_json: bool,
) -> None:
    """Let CHANNEL (or all) need signatures of these keys: what moves to it waits for them."""
    from slipway.adapters.key_folder import read_public
    from slipway.services.trust import edits

    if online == bool(keys):
        raise click.UsageError("Name the keys with --key, or give --online.")
    public = [read_public(path) for path in keys]

    def edit(root: "Root", targets: "Targets") -> None:
        if online:
            edits.back_to_online(root, targets, channel)
        else:
            edits.demand(targets, channel, public, threshold)

    _change(edit, uris, as_json=as_json)


@command.group()
def rotate() -> None:
    """Put new keys in the place of the online key or of the root keys."""


@rotate.command(name="online")
@click.option("--public", type=_path, help="Public half of a key made elsewhere.")
@_root_keys
@json_option
def rotate_online(public: Path | None, uris: tuple[str, ...], as_json: bool) -> None:
    """Put a new online key in the place of the one before."""
    from slipway import wiring
    from slipway.adapters.key_folder import read_public
    from slipway.services.trust import edits
    from slipway.settings import load

    key = read_public(public) if public else wiring.key_folder(load()).create("online")
    _change(lambda root, targets: edits.rotate_online(root, targets, key), uris, as_json=as_json)


@rotate.command(name="root")
@click.option("--public", "publics", type=_path, multiple=True, help="Of keys made elsewhere.")
@click.option("--root-keys", default=3, show_default=True, help="How many to make, if none.")
@click.option("--threshold", default=2, show_default=True, help="How many of them have to sign.")
@_root_keys
@json_option
def rotate_root(
    publics: tuple[Path, ...],
    root_keys: int,
    threshold: int,
    uris: tuple[str, ...],
    *,
    as_json: bool,
) -> None:
    """Put new root keys in the place of all before; the old ones have to sign that, too."""
    from slipway import wiring
    from slipway.adapters.key_folder import read_public
    from slipway.services.trust import edits
    from slipway.settings import load

    folder = wiring.key_folder(load())
    keys = [read_public(path) for path in publics]
    keys = keys or [folder.create("root") for _ in range(root_keys)]
    _change(lambda root, _: edits.rotate_root(root, keys, threshold), uris, as_json=as_json)


@command.command()
@click.argument("keyid")
@_root_keys
@json_option
def revoke(keyid: str, uris: tuple[str, ...], as_json: bool) -> None:
    """Take a key from everything that it may sign; KEYID as in slipway keys status."""
    from slipway.services.trust import edits

    _change(lambda root, targets: edits.revoke(root, targets, keyid), uris, as_json=as_json)


@command.command()
@_root_keys
@json_option
def renew(uris: tuple[str, ...], as_json: bool) -> None:
    """Sign root and targets again, for another year, with the same keys."""
    _change(lambda _root, _targets: None, uris, renew=True, as_json=as_json)


@command.command()
@json_option
def status(as_json: bool) -> None:
    """Show all keys, until when what they signed is valid, and what waits for signatures."""
    from dataclasses import asdict

    from slipway import wiring
    from slipway.cli._trust_view import show_trust
    from slipway.settings import load

    settings = load()
    state = wiring.trust_state(settings)
    if as_json:
        print_json({"folder": str(settings.keys), **asdict(state)})
    else:
        show_trust(state, settings.keys)


def _change(
    edit: "Callable[[Root, Targets], None]",
    uris: tuple[str, ...],
    *,
    renew: bool = False,
    as_json: bool,
) -> None:
    from dataclasses import asdict

    from slipway import wiring
    from slipway.services.trust.waiting import waiting
    from slipway.settings import load

    settings = load()
    changed = wiring.key_changes(settings, uris, ask_secret).change(edit, renew=renew)
    waits = [
        each
        for each in (waiting(wiring.pending_signatures(settings).state()) if changed else ())
        if each.role in ("root", "targets") and each.signatures < each.threshold
    ]
    if not changed:
        text = "that is so already"
    elif waits:
        text = f"{waits[0]}: slipway sign root --key FILE-or-URI adds one"
    else:
        text = "signed; the tag monitor publishes it"
    tell({"changed": changed, "waiting": [asdict(each) for each in waits]}, text, as_json=as_json)
