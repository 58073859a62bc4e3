"""Finds the archive of a Debian suite in the machine's own apt sources, both formats."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from slipway.domain.errors import MissingTool

_ONE_LINE = re.compile(r"deb\s+(?:\[(?P<options>[^]]*)\]\s+)?(?P<rest>\S.*)")


@dataclass(frozen=True)
class AptSource:
    """One archive and suite, as apt on this machine has it."""

    uri: str
    suite: str
    components: tuple[str, ...]
    options: tuple[str, ...] = ()  # signed-by=…, trusted=…

    def line(self) -> str:
        """The entry for the main component as a line of sources.list."""
        options = f"[{' '.join(self.options)}] " if self.options else ""
        return f"deb {options}{self.uri} {self.suite} main"


def main_archive(suite: str, folder: Path = Path("/etc/apt")) -> AptSource:
    """The first source below `folder` that has the suite's main component; MissingTool."""
    for source in _sources(folder):
        if source.suite == suite and "main" in source.components:
            return source
    raise MissingTool(
        f"the apt sources in {folder} name no archive of Debian {suite}",
        hint=f"Add one: a line `deb ARCHIVE {suite} main` in {folder}/sources.list.d/{suite}.list",
    )


def _sources(folder: Path) -> Iterator[AptSource]:
    parts = folder / "sources.list.d"
    for path in (folder / "sources.list", *sorted(parts.glob("*.list"))):
        if path.is_file():
            for line in path.read_text().splitlines():
                yield from _from_line(line)
    for path in sorted(parts.glob("*.sources")):
        for stanza in re.split(r"\n\s*\n", path.read_text()):
            yield from _from_stanza(stanza)


def _from_line(line: str) -> Iterator[AptSource]:
    match = _ONE_LINE.fullmatch(line.partition("#")[0].strip())
    if match:
        uri, *rest = shlex.split(match["rest"])
        if rest:
            kept = tuple(o for o in (match["options"] or "").split() if _is_kept(o.split("=")[0]))
            yield AptSource(uri, rest[0], tuple(rest[1:]), kept)


def _from_stanza(stanza: str) -> Iterator[AptSource]:
    fields: dict[str, str] = {}
    name = ""
    for line in stanza.splitlines():
        if line.startswith("#"):
            continue
        if line[:1].isspace():
            fields[name] = f"{fields.get(name, '')}\n{line.strip()}"
        elif ":" in line:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            fields[name] = value.strip()
    if "deb" not in fields.get("types", "").split() or fields.get("enabled", "").lower() == "no":
        return
    # A key may stand in the stanza itself: then apt's own folder of trusted keys has to do.
    kept = tuple(
        f"{key}={value}" for key, value in fields.items() if _is_kept(key) and "\n" not in value
    )
    for uri in fields.get("uris", "").split():
        for suite in fields.get("suites", "").split():
            yield AptSource(uri, suite, tuple(fields.get("components", "").split()), kept)


def _is_kept(option: str) -> bool:
    return option.lower() in ("signed-by", "trusted")
