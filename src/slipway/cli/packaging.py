"""What the commands that build images show."""

from typing import TYPE_CHECKING

import click

from slipway.cli.output import print_json, print_table

if TYPE_CHECKING:
    from slipway.services.release_images import Packaged


def show_packaged(done: "Packaged", *, as_json: bool) -> None:
    """The version, its digests and its tags."""
    if as_json:
        print_json(
            {
                "version": str(done.version),
                "repository": done.repository,
                "digest": str(done.digest),
                "images": {str(arch): str(digest) for arch, digest in done.images.items()},
                "channels": [str(channel) for channel in done.channels],
            }
        )
        return
    tags = ", ".join(map(str, done.channels)) or "no channel moved"
    click.echo(f"{done.version}  {done.digest}  {tags}")
    rows = [(str(a), str(done.images[a]), done.trials.get(a, "")) for a in done.images]
    print_table(("arch", "image", "self-test"), rows)
