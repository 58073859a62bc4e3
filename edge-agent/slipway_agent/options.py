"""The command line; every option also as a variable, `SLIPWAY_AGENT_BUCKET` for `--bucket`."""

import argparse
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import slipway_agent
from slipway_agent import kubelet
from slipway_agent.errors import InvalidOption

ARCHS = ("x86_64", "armv7l", "aarch64")
CHANNELS = ("latest", "alpha", "beta", "stable")
_PREFIX = "SLIPWAY_AGENT_"
_DEFAULTS = {
    "bucket": "",
    "arch": "",
    "channel": "",
    "pods": "/opt/slipway/pods",
    "state": "/opt/slipway/agent",
    "trust": "/opt/slipway/trust",
    "spool": "/opt/slipway/spool",
    "pod": "",
    "device": "",
    "reports": "",
    "kubelet": kubelet.URL,
    "interval": "5",
}


class Options(NamedTuple):
    """What the agent was told."""

    bucket: str
    arch: str
    channel: str
    pods: Path
    state: Path
    trust: Path
    spool: Path
    pod: str  # the agent's own, "" if it runs in none
    device: str
    reports: str  # "" for none
    kubelet: str
    interval: float  # seconds
    once: bool


def parse(arguments: Sequence[str], environment: Mapping[str, str]) -> Options:
    """Read the options; InvalidOption names the value at fault. `--help` and `--version` exit."""
    parser = argparse.ArgumentParser(
        prog="slipway-agent",
        description="Bring the kubelet's static-pod folder to what ARCH/all and ARCH/CHANNEL of a"
        " deploy bucket want, as signed, and one version beside the other.",
        epilog=f"Each option can be given as a variable too, {_PREFIX}BUCKET for --bucket.",
        exit_on_error=False,
        allow_abbrev=False,
    )
    parser.add_argument("--bucket", metavar="URL", help="file://, http(s)://, gs:// or s3://")
    parser.add_argument("--arch", help=", ".join(ARCHS))
    parser.add_argument("--channel", help=", ".join(CHANNELS))
    parser.add_argument("--pods", metavar="FOLDER", help="the static-pod folder (%(default)s)")
    parser.add_argument("--state", metavar="FOLDER", help="the agent's own folder (%(default)s)")
    parser.add_argument("--trust", metavar="FOLDER", help="root.json, policy.toml (%(default)s)")
    parser.add_argument("--spool", metavar="FOLDER", help="of the predictions (%(default)s)")
    parser.add_argument("--pod", metavar="NAME", help="the agent's own pod, if it runs in one")
    parser.add_argument("--device", metavar="NAME", help="how reports call it (the host's name)")
    parser.add_argument("--reports", metavar="URL", help="where reports go; none without it")
    parser.add_argument("--kubelet", metavar="URL", help="its read-only port (%(default)s)")
    parser.add_argument("--interval", metavar="SECONDS", help="between polls (%(default)s)")
    parser.add_argument("--once", action="store_true", help="poll once; the exit code tells")
    parser.add_argument(
        "--version", action="version", version=f"slipway-agent {slipway_agent.__version__}"
    )
    for name, default in _DEFAULTS.items():
        parser.set_defaults(**{name: environment.get(f"{_PREFIX}{name.upper()}") or default})
    try:
        given, unknown = parser.parse_known_args(arguments)
    except argparse.ArgumentError as error:
        raise InvalidOption(str(error), hint="See --help") from error
    if unknown:
        raise InvalidOption(f"unknown argument {unknown[0]!r}", hint="See --help")
    if not given.bucket:
        raise InvalidOption("no bucket is given", hint=f"Use --bucket URL or {_PREFIX}BUCKET")
    return Options(
        bucket=given.bucket,
        arch=_choice("arch", given.arch, ARCHS),
        channel=_choice("channel", given.channel, CHANNELS),
        pods=Path(given.pods).absolute(),
        state=Path(given.state).absolute(),
        trust=Path(given.trust).absolute(),
        spool=Path(given.spool).absolute(),
        pod=given.pod,
        device=given.device or os.uname().nodename,
        reports=given.reports,
        kubelet=given.kubelet,
        interval=_interval(given.interval),
        once=given.once or environment.get(f"{_PREFIX}ONCE", "") in ("1", "true", "yes"),
    )


def _choice(name: str, value: str, known: Sequence[str]) -> str:
    if value not in known:
        what = f"{value!r} is not a known {name}" if value else f"no {name} is given"
        raise InvalidOption(what, hint=f"Use --{name} with one of {', '.join(known)}")
    return value


def _interval(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.1 <= seconds <= 86400:
        raise InvalidOption(
            f"interval is {text!r}", hint="Use seconds between 0.1 and 86400, for example 5"
        )
    return seconds
