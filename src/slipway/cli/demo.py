"""`slipway demo`: what `make demo` runs when everything is installed."""

import click

from slipway.cli.output import json_option


@click.command()
@click.option("--setup-seconds", type=float, default=None, help="What the setup before it took.")
@click.option("-p", "--param", "params", multiple=True, metavar="KEY=VALUE", help="For both runs.")
@json_option
def command(setup_seconds: float | None, params: tuple[str, ...], as_json: bool) -> None:
    """Train, package, release and deliver two versions to two devices of this machine.

    What is there already is used again. The local stack and the devices keep running afterwards;
    `make down` stops them.
    """
    from slipway.demo.chain import STAGES, Chain
    from slipway.demo.material import Material
    from slipway.demo.narrator import Narrator, StageResult
    from slipway.demo.report import Report
    from slipway.settings import load

    home = load().home
    tell = Narrator(total=len(STAGES) + (setup_seconds is not None))
    if setup_seconds is not None:
        tell.results.append(StageResult("setup", round(setup_seconds, 1)))
    own = {}
    for param in params:
        key, equals, value = param.partition("=")
        if not equals:
            raise click.BadParameter(f"{param!r} is not KEY=VALUE")
        own[key] = value
    chain = Chain(tell, home, own, Material.read(home / "demo.json"))
    error = ""
    try:
        for name, stage in STAGES:
            with tell.stage(name):
                stage(chain)
    except BaseException as failure:
        error = f"{name}: {failure or type(failure).__name__}"
        raise
    finally:
        report = Report(
            tell.results,
            chain.versions,
            chain.digests,
            chain.predictions,
            chain.material,
            error,
        )
        report.write(home / "demo.json")
    if as_json:
        click.echo((home / "demo.json").read_text(), nl=False)
        return
    click.echo()
    report.show()
    click.echo(f"\nEverything keeps running. Look: slipway device list. {home / 'demo.json'}")
    click.echo("Stop it: make down")
