"""docs/settings.md lists every setting with its real default, and none that is not there."""

import dataclasses
import re
from pathlib import Path

from slipway.settings import Settings

ROW = re.compile(r"^\| `(?P<name>[a-z_.]+)` \| `(?P<default>[^`]*)` \|", re.MULTILINE)
DOC = Path(__file__).parents[2] / "docs" / "settings.md"


def test_the_table_is_the_truth() -> None:
    documented = {row["name"]: row["default"] for row in ROW.finditer(DOC.read_text())}
    real = {}
    for section in dataclasses.fields(Settings):
        if section.name in ("home", "ports", "update", "repositories", "cache"):
            continue
        for name, value in vars(getattr(Settings(home=Path("/h")), section.name)).items():
            text = ",".join(value) if isinstance(value, tuple) else str(value)
            real[f"{section.name}.{name}"] = text
    assert documented == real
