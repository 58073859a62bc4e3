"""The distribution holds every package: what a checkout can import, an installation can too."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = {
    "src": ("slipway", "slipway_features"),
    "components": ("slipway_components",),
    "pipelines": ("slipway_pipelines",),
}
DATA = {"slipway_manifests", "slipway_containers", "slipway_device"}


def test_every_package_is_listed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    listed = set(project["tool"]["setuptools"]["packages"])
    present = {
        ".".join(init.parent.relative_to(ROOT / source).parts)
        for source, packages in SOURCES.items()
        for package in packages
        for init in (ROOT / source / package).rglob("__init__.py")
    }
    assert listed == present | DATA


def test_the_functions_ask_for_the_wheel_that_is_put_beside_them() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wheel = f"./{project['name']}-{project['version']}-py3-none-any.whl["
    for requirements in (ROOT / "cloud-functions").glob("*/requirements.txt"):
        assert requirements.read_text().startswith(wheel), requirements
