"""Tells the demo's stages as they go and keeps what they took."""

import contextlib
import io
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import click

from slipway.cli.app import root
from slipway.demo.programs import run_program
from slipway.domain.errors import SlipwayError, Unavailable

T = TypeVar("T")
_LOOK = 0.3  # seconds between two looks while waiting
_SPEAK = 10.0  # seconds of silence while waiting, at most


@dataclass(frozen=True)
class StageResult:
    """One stage and what it took."""

    name: str
    seconds: float


class StageFailed(SlipwayError):
    """A command of the demo ended badly; its own message stands above."""

    code = "demo-failed"

    def __init__(self, message: str, exit_code: int = 1, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.exit_code = exit_code  # type: ignore[misc]  # the command's own


@dataclass
class Narrator:
    """Says what happens, runs the commands, measures the stages."""

    total: int
    results: list[StageResult] = field(default_factory=list)

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Announce a stage, measure it, and say how it ended."""
        number = f"[{len(self.results) + 1:>2}/{self.total}]"
        click.secho(f"\n{number} {name}", bold=True, err=True)
        begun = time.monotonic()
        yield
        seconds = time.monotonic() - begun
        self.results.append(StageResult(name, round(seconds, 1)))
        click.secho(f"        done in {seconds:.1f} s", fg="green", err=True)

    def slipway(self, *arguments: str) -> None:
        """Run a command for people; StageFailed when it fails."""
        self._show(arguments)
        status, _ = run_program(_command(arguments))
        self._check(arguments, status)

    def ask(self, *arguments: str) -> Any:
        """Run a command with `--json`; its progress is shown, its document returned."""
        self._show(arguments)
        status, output = run_program(_command((*arguments, "--json")), keep_output=True)
        self._check(arguments, status)
        return json.loads(output)

    def look(self, *arguments: str) -> Any:
        """As `ask`, in silence and in this process: who looks again and again would otherwise
        take the processor from what is waited for."""
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            root.main([*arguments, "--json"], standalone_mode=False)
        return json.loads(printed.getvalue())

    def wait(
        self, what: str, look: Callable[[], T | None], seconds: float, hints: Mapping[str, str]
    ) -> T:
        """Look again and again until there is an answer; says that it waits. Unavailable after
        `seconds`, with the hints (what to read → why)."""
        begun = spoken = time.monotonic()
        while (answer := look()) is None:
            now = time.monotonic()
            if now - begun > seconds:
                raise Unavailable(
                    f"{what}: nothing after {seconds:.0f} s",
                    hint="; ".join(f"{why}: {where}" for where, why in hints.items()),
                )
            if now - spoken > _SPEAK:
                click.echo(f"        waiting for {what} ({now - begun:.0f} s)", err=True)
                spoken = now
            time.sleep(_LOOK)
        click.echo(f"        {what}", err=True)
        return answer

    def say(self, text: str) -> None:
        """One line below the stage."""
        click.echo(f"        {text}", err=True)

    def _show(self, arguments: Sequence[str]) -> None:
        click.secho(f"        $ slipway {' '.join(arguments)}", fg="cyan", err=True)

    def _check(self, arguments: Sequence[str], status: int) -> None:
        if status:
            raise StageFailed(
                f"slipway {' '.join(arguments)} ended with exit code {status}",
                status,
                hint="Its own message stands above; make demo goes on from here when it is mended",
            )


def _command(arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-c", "from slipway.cli import main; main()", *arguments]
