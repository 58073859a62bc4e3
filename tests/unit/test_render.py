"""Rendering: the same bytes for the same seed, one clear error, and nothing half-written."""

import contextlib
import importlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import trimesh
from PIL import Image
from slipway_components.render import workers
from slipway_components.render.task import render

from slipway.domain.errors import AlreadyExists, Failed, InvalidDataset, InvalidInput, NotFound


def _render(
    output: Path,
    labels: tuple[str, ...] = ("hex-nut", "washer"),
    *,
    sources: int = 2,
    views: int = 2,
    size: int = 24,
    samples: int = 1,
    seed: int = 1,
    viewpoint: str = "overhead",
    workers: int = 2,
    meshes: Path | None = None,
    catalogue: str = "parts",
) -> None:
    render(
        output,
        labels=labels,
        sources=sources,
        views=views,
        size=size,
        samples=samples,
        seed=seed,
        viewpoint=viewpoint,
        workers=workers,
        meshes=meshes,
        catalogue=catalogue,
    )


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*.png")}


def _names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


@pytest.mark.slow
def test_same_seed_same_bytes_with_one_worker_and_with_two(tmp_path: Path) -> None:
    _render(tmp_path / "one", workers=1)
    _render(tmp_path / "two", workers=2)
    one = _contents(tmp_path / "one")
    assert sorted(one) == [
        f"{label}/mesh-000{source}/view-{view}.png"
        for label in ("hex-nut", "washer")
        for source in (0, 1)
        for view in (0, 1)
    ]
    assert one == _contents(tmp_path / "two")
    assert len(set(one.values())) == 8
    _render(tmp_path / "other", seed=2)
    assert not set(one.values()) & set(_contents(tmp_path / "other").values())


@pytest.mark.slow
def test_an_image_does_not_depend_on_what_else_is_rendered(tmp_path: Path) -> None:
    _render(tmp_path / "few", ("washer",), sources=1, views=1)
    _render(tmp_path / "more", ("hex-nut", "washer"), sources=2, views=2)
    few = _contents(tmp_path / "few")
    assert few.items() <= _contents(tmp_path / "more").items()


@pytest.mark.slow
def test_images_are_square_rgb_and_neither_black_nor_burnt_out(tmp_path: Path) -> None:
    _render(tmp_path / "out", (), sources=1, views=3, size=32, samples=4)
    assert len(_names(tmp_path / "out")) >= 5
    for path in (tmp_path / "out").rglob("*.png"):
        with Image.open(path) as image:
            assert (image.format, image.mode, image.size) == ("PNG", "RGB", (32, 32))
            pixels = np.asarray(image)
        assert 25 < pixels.mean() < 230, path
        assert pixels.std() > 8, path


@pytest.fixture
def meshes(tmp_path: Path) -> Path:
    """Own meshes in all formats, as folders and as a single file."""
    folder = tmp_path / "meshes"
    (folder / "cube").mkdir(parents=True)
    trimesh.creation.box((1, 1, 1)).export(folder / "cube" / "small.stl")
    trimesh.creation.box((1, 1, 2)).export(folder / "cube" / "long.obj")
    trimesh.creation.box((1, 2, 2)).export(folder / "cube" / "flat.ply")
    trimesh.creation.icosphere(subdivisions=1).export(folder / "ball.stl")
    return folder


@pytest.mark.slow
def test_own_meshes_are_the_sources(tmp_path: Path, meshes: Path) -> None:
    _render(tmp_path / "out", (), views=1, meshes=meshes)
    assert sorted(_contents(tmp_path / "out")) == [
        "ball/ball/view-0.png",
        "cube/flat/view-0.png",
        "cube/long/view-0.png",
        "cube/small/view-0.png",
    ]
    _render(tmp_path / "chosen", ("ball",), views=1, meshes=meshes)
    assert _names(tmp_path / "chosen") == ["ball"]


@pytest.mark.parametrize(
    "content",
    [b"", b"not a mesh", b"solid x\nfacet normal 0 0 0\nouter loop\nvertex 1 2\n", bytes(84)],
)
def test_a_broken_mesh_is_named_before_anything_is_rendered(
    tmp_path: Path, meshes: Path, content: bytes
) -> None:
    (meshes / "cube" / "broken.stl").write_bytes(content)
    with pytest.raises(InvalidDataset, match=r"cube/broken\.stl"):
        _render(tmp_path / "out", (), meshes=meshes)
    assert _names(tmp_path) == ["meshes"]


def test_meshes_without_extent_or_with_impossible_vertices(tmp_path: Path, meshes: Path) -> None:
    for bad in ("0 0 0", "nan 0 1"):
        (meshes / "cube" / "bad.obj").write_text(f"v {bad}\nv {bad}\nv {bad}\nf 1 2 3\n")
        with pytest.raises(InvalidDataset, match=r"cube/bad\.obj"):
            _render(tmp_path / "out", (), meshes=meshes)


def test_layouts_of_own_meshes_that_are_refused(tmp_path: Path, meshes: Path) -> None:
    with pytest.raises(NotFound, match="there is no folder"):
        _render(tmp_path / "out", (), meshes=tmp_path / "nowhere")
    with pytest.raises(InvalidDataset, match="label 'cone' has no meshes"):
        _render(tmp_path / "out", ("cone",), meshes=meshes)
    (meshes / "empty").mkdir()
    with pytest.raises(InvalidDataset, match="label 'empty' has no meshes"):
        _render(tmp_path / "out", (), meshes=meshes)
    (meshes / "empty").rmdir()
    (meshes / "cube" / "small.obj").write_bytes((meshes / "cube" / "long.obj").read_bytes())
    with pytest.raises(InvalidDataset, match="have one name"):
        _render(tmp_path / "out", (), meshes=meshes)


def test_values_out_of_range(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no mesh ships for label 'fork'"):
        _render(tmp_path / "out", ("fork",))
    with pytest.raises(InvalidInput, match="'washer' in the catalogue household") as caught:
        _render(tmp_path / "out", ("washer",), catalogue="household")
    assert caught.value.hint.startswith("There are forks, knives, spoons, unknown")
    with pytest.raises(InvalidInput, match="catalogue is 'garden'"):
        _render(tmp_path / "out", (), catalogue="garden")
    with pytest.raises(InvalidInput, match="sources is 0"):
        _render(tmp_path / "out", sources=0)
    with pytest.raises(InvalidInput, match="views is -1"):
        _render(tmp_path / "out", views=-1)
    with pytest.raises(InvalidInput, match="size is 5"):
        _render(tmp_path / "out", size=5)
    with pytest.raises(InvalidInput, match="samples is 0"):
        _render(tmp_path / "out", samples=0)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").touch()
    with pytest.raises(AlreadyExists):
        _render(tmp_path / "out")
    assert _names(tmp_path / "out") == ["mine"]


def test_a_worker_that_dies_is_an_error_that_names_the_mesh(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = workers._start

    def start_and_kill() -> subprocess.Popen[bytes]:
        process = start()
        process.kill()
        return process

    monkeypatch.setattr(workers, "_start", start_and_kill)
    with pytest.raises(Failed, match=r"ended with status -9 on mesh (hex-nut|washer)/mesh-000"):
        _render(tmp_path / "out")
    assert _names(tmp_path) == []


def test_ctrl_c_while_trimesh_is_imported_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def swallowing(_: str) -> None:
        with contextlib.suppress(BaseException):  # as trimesh does
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.1)

    monkeypatch.setattr(importlib, "import_module", swallowing)
    with pytest.raises(KeyboardInterrupt):
        _render(tmp_path / "out")
    assert _names(tmp_path) == []


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGKILL, signal.SIGTERM])
@pytest.mark.slow
def test_stopped_at_any_moment_it_leaves_no_output_and_no_worker(
    tmp_path: Path, stop: signal.Signals
) -> None:
    program = (
        "from pathlib import Path; from slipway_components.render.task import render; "
        "render(Path('out'), labels=['washer'], sources=400, views=9, size=48, samples=16, "
        "seed=1, workers=2)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment,
        stderr=subprocess.DEVNULL,
        process_group=0,
    )
    with process:
        _wait(lambda: len(list(tmp_path.rglob("*.png"))) > 3)
        children = _children(process.pid)
        assert len(children) == 2
        process.send_signal(stop)
        process.wait(30)
    _wait(lambda: not any(map(_lives, children)))
    assert not (tmp_path / "out").exists()
    if stop == signal.SIGINT:
        assert _names(tmp_path) == []


def _wait(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
