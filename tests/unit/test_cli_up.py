"""`slipway up` says what is wrong before it starts anything."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from slipway.cli.up import command
from slipway.domain.errors import InvalidInput, NotFound, SlipwayError


@pytest.mark.parametrize(
    ("variable", "value", "kind", "said"),
    [
        ("MONITOR_TEMPLATES", "/no/templates", InvalidInput, "/no/templates is not a folder"),
        ("BUILDER_ARCHS", "x86_64,foo", InvalidInput, "'foo' is not an arch"),
        ("BUILDER_ARCHS", "", InvalidInput, "builder.archs is empty"),
        ("BUCKETS_DEPLOY", "file:///no/bucket", NotFound, "file:///no/bucket does not exist"),
        ("BUCKETS_MODEL_OUTPUT", "file:///no/bucket", NotFound, "file:///no/bucket does not exist"),
        ("BUCKETS_MODEL_OUTPUT", "ftp://x", InvalidInput, "'ftp://x' is not a bucket URL"),
        ("REGISTRY_ADDRESS", "127.0.0.1", InvalidInput, "'127.0.0.1' names no port"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_started(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    variable: str,
    value: str,
    kind: type[SlipwayError],
    said: str,
) -> None:
    monkeypatch.setenv("SLIPWAY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv(f"SLIPWAY_{variable}", value)
    error = CliRunner().invoke(command).exception
    assert isinstance(error, kind)
    assert said in error.message
    assert error.hint
    assert not (tmp_path / "home" / "run").exists()
