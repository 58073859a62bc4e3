"""Pipelines compiled by another process, and for how long what came out holds."""

import json
import os
import sys
from pathlib import Path

import pytest

from slipway.adapters.compiled_pipelines import CompiledPipelines
from slipway.domain.errors import InvalidInput, NotFound, RunFailed

GOOD = """
from kfp import dsl


@dsl.component(base_image="x", install_kfp_package=False)
def say(text: str) -> None:
    print(text)


@dsl.pipeline(name="{name}")
def {name}(text: str = "{default}") -> None:
    say(text=text)
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of modules, which this process and others import as `own_pipelines`."""
    folder = tmp_path / "code" / "own_pipelines"
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(folder.parent))
    monkeypatch.delitem(sys.modules, "own_pipelines", raising=False)  # another test's
    root = Path(__file__).parents[2]
    paths = (str(folder.parent), str(root / "src"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    return folder


def test_what_was_compiled_holds_until_a_file_changes(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = package / "talk.py"
    module.write_text(GOOD.format(name="talk", default="hello"))
    cache = tmp_path / "cache"
    pipelines = CompiledPipelines("own_pipelines", cache)
    [parameter] = pipelines.get("talk").parameters
    assert parameter.default == "hello"
    with monkeypatch.context() as idle:
        idle.setattr(CompiledPipelines, "_compile", None)  # nothing is compiled again
        assert pipelines.get("talk").parameters == [parameter]
        assert CompiledPipelines("own_pipelines", cache).get("talk").parameters == [parameter]
    module.write_text(GOOD.format(name="talk", default="good morning"))
    for each in (pipelines, CompiledPipelines("own_pipelines", cache)):
        assert [p.default for p in each.get("talk").parameters] == ["good morning"]


def test_one_that_is_broken_hides_no_other(package: Path, tmp_path: Path) -> None:
    (package / "talk.py").write_text(GOOD.format(name="talk", default="hello"))
    (package / "broken.py").write_text("print('{}')\nraise ValueError('not today')\n")
    (package / "leaves.py").write_text("import sys\nsys.exit('gone')\n")
    pipelines = CompiledPipelines("own_pipelines", tmp_path / "cache")
    assert pipelines.names() == ["broken", "leaves", "talk"]
    for name, said in (("broken", "ValueError: not today"), ("leaves", "SystemExit: gone")):
        with pytest.raises(InvalidInput, match=f"pipeline {name} cannot be loaded: {said}"):
            pipelines.get(name)
    assert pipelines.get("talk").description == ""
    with pytest.raises(NotFound, match="no pipeline 'other'"):
        pipelines.get("other")


def test_one_that_takes_its_process_down(package: Path, tmp_path: Path) -> None:
    (package / "deadly.py").write_text("import os\nprint('words', flush=True)\nos._exit(3)\n")
    (package / "talk.py").write_text(GOOD.format(name="talk", default="hello"))
    pipelines = CompiledPipelines("own_pipelines", tmp_path / "cache")
    with pytest.raises(RunFailed, match="deadly cannot be loaded: words"):
        pipelines.get("deadly")
    assert pipelines.get("talk").parameters


def test_a_file_of_the_cache_that_is_torn_is_made_again(package: Path, tmp_path: Path) -> None:
    (package / "talk.py").write_text(GOOD.format(name="talk", default="hello"))
    cache = tmp_path / "cache"
    CompiledPipelines("own_pipelines", cache).get("talk")
    [file] = cache.iterdir()
    for torn in (file.read_text()[:100], "[]", json.dumps({"stamp": ""})):
        file.write_text(torn)
        assert CompiledPipelines("own_pipelines", cache).get("talk").parameters
