"""Fetches a Debian source package by the machine's own apt sources, with their deb-src enabled.

All of apt's state is in a folder of its own: the system's lists and configuration are only read.
"""

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from slipway.domain.errors import BuildFailed

_LINE = re.compile(r"\s*deb(?:-src)?\s+(?P<options>\[[^]]*\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<components>.+)")  # fmt: skip # noqa: E501


class Run(Protocol):
    """Runs a command in a folder and tells what is going on; raises BuildFailed."""

    def __call__(self, what: str, command: Sequence[str], folder: Path) -> None: ...  # noqa: D102


def fetch(package: str, folder: Path, run: Run) -> Path:
    """Download the source of `package` into `folder`; returns its .dsc file."""
    parts = folder / "parts"
    parts.mkdir(parents=True)
    (folder / "lists").mkdir()
    _write_sources(parts)
    configuration = folder / "apt.conf"
    configuration.write_text(
        f'Dir::Etc::sourcelist "{folder}/none";\n'
        f'Dir::Etc::sourceparts "{parts}";\n'
        f'Dir::State::lists "{folder}/lists";\n'
        f'Dir::Cache "{folder}/cache";\n'
        'APT::Sandbox::User "root";\n'
        "#clear APT::Update::Post-Invoke;\n"
        "#clear APT::Update::Post-Invoke-Success;\n"
    )
    apt = ["apt-get", "-q", "-c", str(configuration)]
    # A source without deb-src fails here, and only matters when the package is in none of the rest.
    run(
        "reading Debian's list of sources",
        ["sh", "-c", '"$@" || true', "sh", *apt, "update"],
        folder,
    )
    run(
        f"downloading the source of {package}", [*apt, "source", "--download-only", package], folder
    )
    found = list(folder.glob("*.dsc"))
    if not found:
        raise BuildFailed(
            f"apt-get downloaded no source of {package}",
            hint="See whether the machine's apt sources reach Debian's archive",
        )
    return found[0]


def _write_sources(parts: Path) -> None:
    """Write the machine's Debian sources, in both of apt's formats, as deb-src ones."""
    suites = _suites()
    wanted = ["LIST", "Dir::Etc::sourcelist/f", "PARTS", "Dir::Etc::sourceparts/d"]
    listed = subprocess.run(
        ["apt-config", "shell", *wanted], check=True, capture_output=True, text=True
    ).stdout
    places = dict(re.findall(r"(\w+)='(.*)'", listed))
    files = [Path(places["LIST"]), *sorted(Path(places["PARTS"]).glob("*"))]
    for number, file in enumerate(files):
        if file.suffix == ".list" and file.exists():
            text = as_source_lines(file.read_text(), suites)
        elif file.suffix == ".sources":
            text = as_source_stanzas(file.read_text(), suites)
        else:
            continue
        (parts / f"{number}{file.suffix}").write_text(text)


def as_source_lines(text: str, suites: set[str]) -> str:
    """The one-line entries of `suites` that have the component main, as deb-src entries."""
    lines = []
    for line in text.splitlines():
        match = _LINE.fullmatch(line.partition("#")[0].rstrip())
        if match and match["suite"] in suites and "main" in match["components"].split():
            lines.append(f"deb-src {match['options'] or ''}{match['uri']} {match['suite']} main\n")
    return "".join(dict.fromkeys(lines))


def as_source_stanzas(text: str, suites: set[str]) -> str:
    """The deb822 stanzas of `suites` that have the component main, as deb-src ones."""
    kept = []
    for stanza in re.split(r"\n\s*\n", text):
        lines = [line for line in stanza.splitlines() if line.strip() and line[0] != "#"]
        fields = re.split(r"\n(?=\S)", "\n".join(lines))  # a continuation begins with a blank
        values = {}
        for field in fields:
            name, _, value = field.partition(":")
            values[name.lower()] = value.strip()
        wanted = [suite for suite in values.get("suites", "").split() if suite in suites]
        enabled = values.get("enabled", "yes").lower() not in ("no", "false", "0")
        if wanted and enabled and "main" in values.get("components", "").split():
            replaced = {"types": "deb-src", "suites": " ".join(wanted), "components": "main"}
            kept.append("".join(f"{k}: {v}\n" for k, v in {**values, **replaced}.items()))
    return "\n".join(kept)


def _suites() -> set[str]:
    """What the archives of this Debian release are called."""
    release = dict(re.findall(r'(?m)^(\w+)="?([^"\n]*)"?$', Path("/etc/os-release").read_text()))
    names = [release.get("VERSION_CODENAME", ""), "stable"]
    return {f"{name}{end}" for name in names if name for end in ("", "-updates", "-security")}
