"""What there is to render: labels, and for each its sources, from code or from files."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from slipway.domain.errors import InvalidDataset, InvalidInput, NotFound

if TYPE_CHECKING:
    import trimesh

FORMATS = (".stl", ".obj", ".ply")
_MEND = "Export it again, or take it out of the folder"


@dataclass(frozen=True)
class Source:
    """One mesh, the group that its images form: `LABEL/GROUP/view-N.png`."""

    label: str
    group: str
    file: Path | None = None  # None: a parametric mesh

    @property
    def name(self) -> str:
        """What people are told."""
        return str(self.file) if self.file else f"{self.label}/{self.group}"


def parametric(labels: Sequence[str], count: int, catalogue: str) -> list[Source]:
    """`count` sources of each label of `catalogue`; of all that it has when none is given."""
    from slipway_components.render.meshes import CATALOGUES

    if catalogue not in CATALOGUES:
        raise InvalidInput(
            f"catalogue is {catalogue!r}", hint=f"Choose one of {', '.join(CATALOGUES)}"
        )
    shipped = CATALOGUES[catalogue]
    for label in labels:
        if label not in shipped:
            raise InvalidInput(
                f"no mesh ships for label {label!r} in the catalogue {catalogue}",
                hint=f"There are {', '.join(sorted(shipped))}; for others give a folder of meshes",
            )
    return [
        Source(label, f"mesh-{index:04}")
        for label in sorted(set(labels) or shipped)
        for index in range(count)
    ]


def from_folder(folder: Path, labels: Sequence[str]) -> list[Source]:
    """Every mesh file `LABEL/FILE` or `LABEL.EXTENSION` is a source; only `labels` if given.

    Raises NotFound, and InvalidDataset for a label without meshes or two meshes of one name.
    """
    if not folder.is_dir():
        raise NotFound(f"there is no folder {folder}", hint="Give a folder with LABEL/*.stl")
    found: dict[str, list[Source]] = {}
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            files = sorted(file for file in entry.iterdir() if _is_mesh(file))
            found.setdefault(entry.name, []).extend(
                Source(entry.name, file.stem, file) for file in files
            )
        elif _is_mesh(entry):
            found.setdefault(entry.stem, []).append(Source(entry.stem, entry.stem, entry))
    for label in labels or sorted(found):
        if not found.get(label):
            raise InvalidDataset(
                f"label {label!r} has no meshes in {folder}",
                hint=f"Put {', '.join(FORMATS)} files into {folder / label}",
            )
    if not found:
        raise InvalidDataset(f"{folder} holds no meshes", hint="Give a folder with LABEL/*.stl")
    sources = [source for label in sorted(set(labels) or found) for source in found[label]]
    seen: dict[tuple[str, str], Source] = {}
    for source in sources:
        other = seen.setdefault((source.label, source.group), source)
        if other is not source:
            raise InvalidDataset(
                f"meshes {other.file} and {source.file} have one name", hint="Rename one of them"
            )
    return sources


def load(source: Source, seed: int) -> "trimesh.Trimesh":
    """The source's mesh; InvalidDataset names a file that cannot be used."""
    import trimesh

    from slipway_components.render.meshes import MESHES

    if source.file is None:
        return MESHES[source.label](generator(seed, source.label, source.group))
    try:
        mesh = trimesh.load_mesh(source.file, skip_materials=True)
    except Exception as error:
        raise InvalidDataset(f"mesh {source.file} cannot be read: {error}", hint=_MEND) from error
    if not isinstance(mesh, trimesh.Trimesh) or len(mesh.faces) == 0:
        raise InvalidDataset(f"mesh {source.file} has no faces", hint=_MEND)
    if not np.isfinite(mesh.vertices).all() or (np.sort(mesh.extents)[1:] <= 0).any():
        raise InvalidDataset(
            f"mesh {source.file} has no extent, or vertices that are no numbers", hint=_MEND
        )
    return mesh


def generator(seed: int, *names: str) -> np.random.Generator:
    """A generator that depends on nothing but the run's seed and the names."""
    import hashlib

    digest = hashlib.sha256("/".join([str(seed), *names]).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "big"))


def _is_mesh(path: Path) -> bool:
    return path.suffix.lower() in FORMATS and not path.name.startswith(".") and path.is_file()
