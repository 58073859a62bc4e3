"""What is to stand in one folder, as targets: what was signed before, with what changes."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from tuf.api.metadata import TargetFile, Targets

from slipway.services.deploy_folders import INDEX, File, index
from slipway.services.trust.documents import Document
from slipway.services.trust.layout import FOLDERS, blob

_OWN = {"own": True}  # marks, signed along, the targets that are no release's


@dataclass(frozen=True)
class Rendered:
    """What the tag monitor rendered, by key `ARCH/FOLDER/NAME`. What it names neither here nor
    there stays as it was last signed: a manifest that others put into the bucket never gets in."""

    manifests: Mapping[str, bytes] = field(default_factory=dict)
    gone: Collection[str] = ()
    own: frozenset[str] | None = None  # keys of the owner's own pods; None: they stay as they are
    folders: frozenset[str] = frozenset(FOLDERS.values())  # others are left alone


@dataclass(frozen=True)
class FolderTargets:
    """The targets of a folder's role, and the contents that are known of them by key."""

    targets: Mapping[str, TargetFile]
    contents: Mapping[str, bytes]

    def same(self, document: Document[Targets]) -> bool:
        """Whether metadata says just this."""
        return document.signed.targets == self.targets


def folder_targets(
    folder: str, signed: Document[Targets] | None, rendered: Rendered
) -> FolderTargets:
    """The folder after the changes, its index.json included."""
    index_key = f"{folder}/{INDEX}"
    if folder not in rendered.folders:
        rendered = Rendered()
    before = signed.signed.targets if signed else {}
    targets = {
        path: target
        for path, target in before.items()
        if path not in rendered.gone and path != index_key and not _is_dropped(target, rendered)
    }
    manifests = {k: v for k, v in rendered.manifests.items() if k.rpartition("/")[0] == folder}
    for path, data in manifests.items():
        targets[path] = TargetFile.from_data(path, data, ["sha256"])
        if rendered.own and path in rendered.own:
            targets[path].unrecognized_fields["custom"] = _OWN
    files = [
        File(path.rpartition("/")[2], target.length, target.hashes["sha256"])
        for path, target in sorted(targets.items())
    ]
    listing = index(files)
    targets[index_key] = TargetFile.from_data(index_key, listing, ["sha256"])
    contents = {
        blob(path, targets[path].hashes["sha256"]): data
        for path, data in {**manifests, index_key: listing}.items()
    }
    return FolderTargets(targets, contents)


def _is_dropped(target: TargetFile, rendered: Rendered) -> bool:
    """Whether it was an own pod whose file is gone."""
    return rendered.own is not None and target.custom == _OWN and target.path not in rendered.own


def blobs(document: Document[Targets]) -> set[str]:
    """The keys of all that a role's metadata names."""
    return {blob(path, t.hashes["sha256"]) for path, t in document.signed.targets.items()}
