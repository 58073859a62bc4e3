"""The verdict on one thing."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a thing is."""

    OK = "ok"
    WARN = "warn"  # works, with a limit
    MISSING = "missing"  # what the role needs does not work without


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    what: str
    verdict: Verdict
    found: str
    remedy: str = ""  # how to get it; empty where all is well


def ok(what: str, found: str) -> Check:
    """It is as it should be."""
    return Check(what, Verdict.OK, found)


def warn(what: str, found: str, remedy: str) -> Check:
    """It will do."""
    return Check(what, Verdict.WARN, found, remedy)


def missing(what: str, found: str, remedy: str) -> Check:
    """It is needed, and not there."""
    return Check(what, Verdict.MISSING, found, remedy)


def fit(checks: Iterable[Check]) -> bool:
    """Whether nothing that is needed is missing."""
    return all(check.verdict is not Verdict.MISSING for check in checks)
