"""`slipway predict`: ask a model what it sees in an image."""

from pathlib import Path

import click

from slipway.cli.output import json_option, print_json, print_table


@click.command(short_help="Ask a model what it sees in an image.")
@click.argument("image", type=click.Path(path_type=Path))
@click.option(
    "--url", default="http://127.0.0.1:8080", show_default=True, help="Where the model answers."
)
@click.option("--device", help="Ask on this local device: its loopback, not this machine's.")
@click.option(
    "--timeout", default=10.0, show_default=True, type=click.FloatRange(0.1, 600), help="Seconds."
)
@json_option
def command(image: Path, url: str, device: str | None, timeout: float, as_json: bool) -> None:
    """Send the file IMAGE to a serving container and show its labels, best first."""
    from slipway.adapters.serving_client import ServingClient

    client = ServingClient(url, timeout)
    if device is None:
        answer = client.predict(image)
    else:
        from slipway.local import netns
        from slipway.settings import load

        answer = netns.inside(netns.running(load(), device), lambda: client.predict(image))
    if as_json:
        scores = [{"label": one.label, "score": one.score} for one in answer.scores]
        print_json(
            {
                "version": answer.version,
                "digest": answer.digest,
                "predictions": scores,
                "latency_ms": answer.latency_ms,
            }
        )
        return
    print_table(("label", "score"), [(one.label, f"{one.score:.3f}") for one in answer.scores])
    click.echo(f"\nmodel  {answer.version}\nimage  {answer.digest or 'none'}")
    click.echo(f"time   {answer.latency_ms:.1f} ms")
