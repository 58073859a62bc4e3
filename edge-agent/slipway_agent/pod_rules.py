"""The rules of the device's policy. A refusal names the rule, the manifest and the value.

What a rule cannot understand it refuses: true where only false is harmless, and text, count alike.
Nothing here makes a pod safe that was written to do harm with what it may do; it bounds that.
"""

import re
import stat
from pathlib import Path
from typing import NoReturn

from slipway_agent.errors import Refused
from slipway_agent.manifest import AGENT_SLOT, CONTAINERS, Manifest, items, section
from slipway_agent.policy import Policy, is_plain_path

_PINNED = re.compile(r"(?P<repository>[^@\s]+)@sha256:[0-9a-f]{64}")
_VOLUMES = ("hostPath", "emptyDir", "downwardAPI")
_HOST_PATH_TYPES = ("", "Directory", "DirectoryOrCreate", "File", "FileOrCreate")
_APPARMOR = "container.apparmor.security.beta.kubernetes.io/"

# What the agent's own pod mounts besides.
_ROOT = "/opt/slipway"
_AGENT_READS = (f"{_ROOT}/trust", f"{_ROOT}/bucket")
_AGENT_WRITES = (f"{_ROOT}/pods", f"{_ROOT}/agent", f"{_ROOT}/spool", f"{_ROOT}/reports")

_Mapping = dict[str, object]


def check(policy: Policy, document: _Mapping, manifest: Manifest, where: str) -> None:
    """Refused if the pod may not run on this device."""
    _Rules(policy, document, manifest, where).check()


class _Rules:
    def __init__(self, policy: Policy, document: _Mapping, manifest: Manifest, where: str) -> None:
        self._policy = policy
        self._manifest = manifest
        self._where = where
        self._metadata = section(document, "metadata", where)
        self._notes = section(self._metadata, "annotations", where)
        self._spec = section(document, "spec", where)
        self._security = section(self._spec, "securityContext", where)

    def check(self) -> None:
        self._address()
        self._pod()
        self._volumes()
        for kind in CONTAINERS:
            for container in items(self._spec, kind, self._where):
                self._container(container)

    def _refuse(self, rule: str, what: str, value: object = None) -> NoReturn:
        shown = "" if value is None else f" {str(value)[:80]!r}"
        raise Refused(
            f"{self._where} is against the rule {rule} of the device's policy: {what}{shown}",
            hint="Change the manifest, or trust/policy.toml on the device if this is meant",
        )

    def _address(self) -> None:
        """The manifest is of this arch and channel, if it says of which it is."""
        arch, channel = self._manifest.folder.split("/")
        for name, mine in (("arch", arch), ("channel", channel)):
            told = self._notes.get(f"dev.slipway.{name}", mine)
            if mine not in (told, "all"):
                self._refuse(name, f"it is for the {name}", told)

    def _pod(self) -> None:
        namespace = self._metadata.get("namespace", "default")
        if namespace != "default":
            self._refuse("namespace", "it is in the namespace", namespace)
        for key in ("hostPID", "hostIPC"):
            if self._spec.get(key) not in (None, False):
                self._refuse("host-namespace", f"it has {key}")
        if self._security.get("sysctls"):
            self._refuse("sysctl", "it sets kernel parameters")
        for note, value in self._notes.items():
            if str(note).startswith(_APPARMOR) and value != "runtime/default":
                self._refuse("apparmor", "an annotation asks for", value)
        memory, most = self._manifest.memory, self._policy.max_memory
        if not memory:
            self._refuse("memory", "a container has no memory limit")
        if memory > most:
            self._refuse("memory", f"its limits are {memory} bytes together, more than {most}")

    def _container(self, container: _Mapping) -> None:
        context = section(container, "securityContext", self._where)
        name = f"the container {str(container.get('name'))[:80]!r}"
        self._image(container.get("image"))
        if context.get("privileged") not in (None, False):
            self._refuse("privileged", f"{name} is privileged")
        if context.get("allowPrivilegeEscalation") is not False:
            self._refuse("privilege-escalation", f"{name} does not set it to false")
        if context.get("procMount") not in (None, "Default"):
            self._refuse("proc-mount", f"{name} has", context["procMount"])
        capabilities = section(context, "capabilities", self._where)
        if capabilities.get("add"):
            self._refuse("capabilities", f"{name} adds", capabilities["add"])
        if capabilities.get("drop") != ["ALL"]:
            self._refuse("capabilities", f"{name} does not drop ALL")
        self._user(name, context)
        for rule, key in (("seccomp", "seccompProfile"), ("apparmor", "appArmorProfile")):
            profile = self._effective(context, key)
            kind = profile.get("type") if isinstance(profile, dict) else profile
            if kind != "RuntimeDefault" and (rule, kind) != ("apparmor", None):
                self._refuse(rule, f"{name} has not the profile RuntimeDefault but", kind or "none")

    def _image(self, image: object) -> None:
        pinned = _PINNED.fullmatch(image) if isinstance(image, str) else None
        if not pinned:
            self._refuse("digest", "the image is not pinned by its sha256:", image)
        repository = pinned["repository"]
        if not any(repository.startswith(f"{allowed}/") for allowed in self._policy.registries):
            self._refuse("registry", "the image is in none of the allowed registries:", image)

    def _user(self, name: str, context: _Mapping) -> None:
        if self._policy.run_as_root:
            return
        user = self._effective(context, "runAsUser")
        if user is None and self._effective(context, "runAsNonRoot") is True:
            return
        if type(user) is not int or user <= 0:
            self._refuse("root-user", f"{name} may run as root: runAsUser is", user or "not set")

    def _effective(self, context: _Mapping, key: str) -> object:
        """What a container has, by itself or from its pod."""
        value = context.get(key)
        return self._security.get(key) if value is None else value

    def _volumes(self) -> None:
        writable: dict[object, bool] = {}
        for volume in items(self._spec, "volumes", self._where):
            kinds = [key for key in volume if key != "name"]
            if len(kinds) != 1 or kinds[0] not in _VOLUMES:
                self._refuse("volume-kind", "a volume is", ", ".join(map(str, kinds)) or "none")
            if kinds[0] == "hostPath":
                writable[volume.get("name")] = self._host_path(
                    section(volume, "hostPath", self._where)
                )
        for kind in CONTAINERS:
            for container in items(self._spec, kind, self._where):
                for mount in items(container, "volumeMounts", self._where):
                    if mount.get("mountPropagation") not in (None, "None"):
                        self._refuse("mount-propagation", "a mount has", mount["mountPropagation"])
                    if (
                        not writable.get(mount.get("name"), True)
                        and mount.get("readOnly") is not True
                    ):
                        self._refuse("host-path", "mounted for writing:", mount.get("mountPath"))

    def _host_path(self, volume: _Mapping) -> bool:
        """Whether it may be written to; Refused if it may not even be read."""
        path = volume.get("path")
        reads, writes = self._policy.host_paths, self._policy.writable_host_paths
        if self._manifest.slot == AGENT_SLOT:
            reads, writes = (*reads, *_AGENT_READS), (*writes, *_AGENT_WRITES)
        if not isinstance(path, str) or not is_plain_path(path):
            self._refuse("host-path", "not a plain absolute path:", path)
        if volume.get("type", "") not in _HOST_PATH_TYPES:
            self._refuse("host-path", "it is to be a", volume["type"])
        if _is_in(path, writes):
            self._no_link(path, writes)
            return True
        if not _is_in(path, reads):
            self._refuse("host-path", "not in an allowed folder:", path)
        return False

    def _no_link(self, path: str, writes: tuple[str, ...]) -> None:
        """The kubelet follows links, and deep in a folder that pods may write to it is a pod that
        has made them. One below such a folder only a pod could that mounts all of it."""
        if not any(path == folder or path.rpartition("/")[0] == folder for folder in writes):
            self._refuse("host-path", "deeper than one below a writable folder:", path)
        if path not in writes and _is_link(path):
            self._refuse("host-path", "a symbolic link:", path)


def _is_link(path: str) -> bool:
    try:
        return stat.S_ISLNK(Path(path).lstat().st_mode)
    except OSError:
        return False  # not there yet, or not among what the agent's own pod mounts


def _is_in(path: str, folders: tuple[str, ...]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)
