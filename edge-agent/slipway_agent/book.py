"""The record on the disk, and the pods folder that follows from it."""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from slipway_agent.disk import Disk, replace_file
from slipway_agent.hold import hold_name, hold_pod
from slipway_agent.log import Log
from slipway_agent.lying import Lying, file_name
from slipway_agent.manifest import AGENT_SLOT, Manifest
from slipway_agent.manifest_store import ManifestStore
from slipway_agent.pods_folder import PodsFolder
from slipway_agent.rebuild import rebuild
from slipway_agent.record import Record, Slot

RECORD = "record.json"


class Book:
    """Keeps the record. Every method raises OSError; what the kubelet sees is complete then too."""

    def __init__(
        self, folder: PodsFolder, state: Path, disk: Disk, log: Log, spool: Path | None = None
    ) -> None:
        """`spool`: where each slot's pods keep their predictions."""
        self._folder = folder
        self._spool = spool
        self.folder = folder.path
        self._state = state
        self._disk = disk
        self._log = log
        self._store = ManifestStore(state / "manifests", disk)
        self._lying = Lying(folder)
        self.record = Record()

    def open(self) -> None:
        """Read the record, or make one from the pods folder."""
        self._disk.make_folder(self._state)
        self._store.forget()
        lying = self.lying()
        try:
            record = Record.decode((self._state / RECORD).read_bytes())
        except FileNotFoundError:
            self._adopt(lying)
        except ValueError as error:
            self._log.event("record-lost", level="error", reason=error, hint="It is made anew")
            self._adopt(lying)
        else:
            known = {manifest.sha256: manifest for manifest in lying.values()}
            slots = {name: self._mend(name, slot, known) for name, slot in record.slots.items()}
            self.record = record._replace(slots=slots)

    def peek(self) -> Record:
        """What the record says that another agent keeps; an empty one if it cannot be read."""
        try:
            return Record.decode((self._state / RECORD).read_bytes())
        except (FileNotFoundError, ValueError):
            return Record()

    def agent(self, sha256: str) -> str:
        """The pod of an agent that the record names, empty if it is not known."""
        manifest = self._store.get(AGENT_SLOT, sha256) if sha256 else None
        return manifest.pod if manifest else ""

    def commit(self, record: Record, manifests: Iterable[Manifest]) -> None:
        """Write a record, after those of the `manifests` that it names."""
        named = record.manifests()
        for manifest in manifests:
            if manifest.sha256 in named:
                self._store.put(manifest)
        replace_file(self._disk, self._state / RECORD, record.encode())
        self.record = record

    def align(self, out: Collection[str] = ()) -> None:
        """Make the pods folder equal to the record, the pods that are `out` aside."""
        wanted = {}
        for name, slot in self.record.slots.items():
            agent = name == AGENT_SLOT  # of its files only the one that is tried is put
            for sha256 in filter(None, (slot.trial,) if agent else slot.files()):
                manifest = self.manifest(name, sha256)
                if manifest.pod not in out:
                    wanted[file_name(manifest)] = manifest.data
            for sha256 in () if agent else slot.held():
                manifest = self.manifest(name, sha256)
                if hold_name(manifest) not in out:
                    wanted[f"{hold_name(manifest)}.yaml"] = hold_pod(manifest)
        self._make_spools()
        put, deleted = self._folder.apply(wanted, self._stays)
        if put or deleted:
            self._log.event("applied", put=",".join(put), deleted=",".join(deleted))
            self._store.keep_only(self.record.manifests())

    def tidy(self, trial: str) -> None:
        """Remove what agents have kept while they stood by, but for the one that is on trial."""
        for folder in sorted(self._state.glob("standby-*")):
            if folder.name != f"standby-{self.agent(trial)}":
                for path in sorted(folder.rglob("*"), reverse=True):
                    (self._disk.remove_folder if path.is_dir() else self._disk.unlink)(path)
                self._disk.remove_folder(folder)

    def manifest(self, slot: str, sha256: str) -> Manifest:
        """One that the record names."""
        manifest = self._store.get(slot, sha256)
        if manifest is None:  # it was there when the record was opened
            raise OSError(f"the manifest {sha256} of {slot} was lost")
        return manifest

    def lying(self) -> dict[str, Manifest]:
        """The manifests in the pods folder by file name, the oldest first; no hold pods."""
        return self._lying.manifests()

    def _adopt(self, lying: Mapping[str, Manifest]) -> None:
        for name, manifest in lying.items():
            if manifest.slot != AGENT_SLOT and name != file_name(manifest):
                self._folder.rename(name, file_name(manifest))
        self.commit(rebuild(lying), lying.values())

    def _mend(self, name: str, slot: Slot, lying: Mapping[str, Manifest]) -> Slot:
        """The slot without the manifests that are lost in the store and in the folder."""
        for sha256 in sorted(slot.manifests()):
            if self._store.get(name, sha256):
                continue
            self._log.event("manifest-lost", level="error", slot=name, sha256=sha256)
            if sha256 in lying:
                self._store.put(lying[sha256])
                continue
            slot = slot.without(sha256)
        return slot

    def _stays(self, name: str, data: bytes | None) -> bool:
        """Whether a file that the record does not ask for is an agent's and not retired."""
        manifest = self._lying.parse(name, data)
        if manifest is None or manifest.slot != AGENT_SLOT:
            return False
        return manifest.sha256 not in self.record.retired

    def _make_spools(self) -> None:
        """Folders that the pods may write to; those that the kubelet makes only root may. Without
        one a pod serves, and keeps nothing."""
        if not self._spool or not self._spool.is_dir():
            return
        for folder in [self._spool / name for name in self.record.slots]:
            try:
                if not folder.is_dir():
                    self._disk.make_folder(folder)
            except OSError as error:
                self._log.once(
                    "no-spool",
                    level="warning",
                    folder=folder,
                    reason=error.strerror,
                    hint="It has to be writable for the agent; predictions are not kept",
                )
