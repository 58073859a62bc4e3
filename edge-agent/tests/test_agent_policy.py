"""The device's policy: what even a signed manifest may not do, and mistakes in the file."""

from pathlib import Path

import pytest
from agent_testing.attacks import GOOD, Attacked
from agent_testing.pods import strict_pod
from slipway_agent.errors import InvalidOption, Refused
from slipway_agent.manifest import manifest_of, read_document
from slipway_agent.pod_rules import check
from slipway_agent.policy import Policy, read_policy

GOLDEN = Path(__file__).parents[2] / "tests/golden"
POLICY = Policy(("r", "registry.example.com:5000/edge"))
AGENT = "slipway-agent"


def _check(data: bytes, policy: Policy = POLICY, where: str = "x86_64/latest/m-pod.yaml") -> None:
    document = read_document(data, where)
    check(policy, document, manifest_of(document, data, where), where)


def _volume(path: str, mount: str = "readOnly: true", kind: str = "Directory") -> dict[str, str]:
    return {
        "spec": f"  volumes: [{{name: v, hostPath: {{path: {path}, type: {kind}}}}}]\n",
        "container": f"      volumeMounts: [{{name: v, mountPath: /v, {mount}}}]\n",
    }


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*-pod.*.yaml")), ids=lambda path: path.name)
def test_what_the_tag_monitor_renders_is_allowed(path: Path) -> None:
    name, arch, _ = path.name.split(".")
    arch = "aarch64" if arch == "gs" else arch
    data = path.read_bytes()
    channel = data.partition(b"dev.slipway.channel: ")[2].split(b"\n")[0].decode()
    policy = Policy(("127.0.0.1:5050", "r.example/edge"))
    _check(data, policy, f"{arch}/{channel}/{name}.yaml")


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"image": f"registry.example.com:5000/edge/m:tag@sha256:{'a' * 64}"},
        {"spec": "  hostNetwork: true\n"},
        {"spec": "  hostPID: false\n  volumes: [{name: v, emptyDir: {}}]\n"},
        _volume("/opt/slipway/images"),
        _volume("/opt/slipway/images/a/b", kind="DirectoryOrCreate"),
        _volume("/opt/slipway/streams/m", kind="DirectoryOrCreate"),
        _volume("/opt/slipway/spool/m", mount="readOnly: false"),
    ],
)
def test_what_is_allowed(parts: dict[str, str]) -> None:
    _check(strict_pod("m", **parts))


SECURE = "allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}"


def test_a_link_that_a_pod_has_made_leads_nowhere(tmp_path: Path) -> None:
    """Who may write to a whole folder can put a link to the pods folder where a spool should be."""
    policy = POLICY._replace(writable_host_paths=(str(tmp_path),))
    data = strict_pod("m", **_volume(str(tmp_path / "m"), mount="readOnly: false"))
    _check(data, policy)
    (tmp_path / "m").symlink_to("/opt/slipway/pods")
    with pytest.raises(Refused, match=f"rule host-path .*a symbolic link: '{tmp_path}/m'"):
        _check(data, policy)
    (tmp_path / "m").unlink()
    (tmp_path / "m").mkdir()
    _check(data, policy)


@pytest.mark.parametrize(
    ("rule", "parts"),
    [
        ("digest", {"image": "r/m:latest"}),
        ("digest", {"image": "r/m@sha256:abc"}),
        ("digest", {"image": f"r/m@sha512:{'a' * 64}"}),
        ("digest", {"image": "5"}),
        ("registry", {"image": f"m@sha256:{'a' * 64}"}),
        ("registry", {"image": f"rr/m@sha256:{'a' * 64}"}),
        ("registry", {"image": f"r.evil.com/m@sha256:{'a' * 64}"}),
        ("registry", {"image": f"registry.example.com:5000/edgy/m@sha256:{'a' * 64}"}),
        ("host-namespace", {"spec": "  hostPID: true\n"}),
        ("host-namespace", {"spec": "  hostIPC: 'yes'\n"}),
        ("volume-kind", {"spec": "  volumes: [{name: v, nfs: {server: s, path: /}}]\n"}),
        ("volume-kind", {"spec": "  volumes: [{name: v, emptyDir: {}, hostPath: {path: /}}]\n"}),
        ("volume-kind", {"spec": "  volumes: [{name: v}]\n"}),
        ("host-path", _volume("/etc")),
        ("host-path", _volume("/")),
        ("host-path", _volume("/opt/slipway/imagesx")),
        ("host-path", _volume("/opt/slipway/images/../pods")),
        ("host-path", _volume("/opt/slipway/images//x")),
        ("host-path", _volume("/opt/slipway/pods")),
        ("host-path", _volume("/opt/slipway/trust")),
        ("host-path", _volume("opt/slipway/images")),
        ("host-path", _volume("/opt/slipway/images", mount="readOnly: false")),
        ("host-path", _volume("/opt/slipway/images", mount="subPath: x")),
        ("host-path", _volume("/opt/slipway/spool/m/x", mount="readOnly: false")),
        ("host-path", _volume("/opt/slipway/spool/m/x/y")),
        ("host-path", _volume("/opt/slipway/spool/x", kind="Socket")),
        ("host-path", _volume("/opt/slipway/spool/x", kind="BlockDevice")),
        (
            "mount-propagation",
            _volume("/opt/slipway/images", mount="readOnly: true, mountPropagation: Bidirectional"),
        ),
        (
            "apparmor",
            {"notes": "    container.apparmor.security.beta.kubernetes.io/one: unconfined\n"},
        ),
    ],
)
def test_what_is_refused_by_which_rule(rule: str, parts: dict[str, str]) -> None:
    with pytest.raises(Refused) as refusal:
        _check(strict_pod("m", **parts))
    assert f"m-pod.yaml is against the rule {rule} of the device's policy" in refusal.value.message
    assert "trust/policy.toml" in refusal.value.hint


@pytest.mark.parametrize(
    ("rule", "old", "new"),
    [
        ("privileged", SECURE, f"{SECURE}, privileged: true"),
        ("privileged", SECURE, f"{SECURE}, privileged: 'false'"),
        ("privilege-escalation", "allowPrivilegeEscalation: false, ", ""),
        ("privilege-escalation", "Escalation: false", "Escalation: true"),
        ("proc-mount", SECURE, f"{SECURE}, procMount: Unmasked"),
        ("capabilities", "drop: [ALL]", "drop: [ALL], add: [SYS_ADMIN]"),
        ("capabilities", "drop: [ALL]", "drop: [NET_RAW]"),
        ("capabilities", ", capabilities: {drop: [ALL]}", ""),
        ("root-user", "runAsUser: 10001", "runAsUser: 0"),
        ("root-user", "runAsUser: 10001", "runAsUser: '10001'"),
        ("root-user", "runAsUser: 10001, ", ""),
        ("root-user", SECURE, f"{SECURE}, runAsUser: 0"),
        ("seccomp", "type: RuntimeDefault", "type: Unconfined"),
        ("seccomp", ", seccompProfile: {type: RuntimeDefault}", ""),
        ("seccomp", SECURE, f"{SECURE}, seccompProfile: {{type: Unconfined}}"),
        ("apparmor", SECURE, f"{SECURE}, appArmorProfile: {{type: Unconfined}}"),
        ("sysctl", "runAsUser: 10001", "runAsUser: 10001, sysctls: [{name: a, value: b}]"),
        ("memory", "memory: 64Mi", "memory: 513Mi"),
        ("memory", "memory: 64Mi", "cpu: 1"),
        ("namespace", "metadata:\n", "metadata:\n  namespace: kube-system\n"),
        ("arch", "annotations:\n", "annotations:\n    dev.slipway.arch: armv7l\n"),
        ("channel", "annotations:\n", "annotations:\n    dev.slipway.channel: stable\n"),
    ],
)
def test_what_is_refused_when_a_part_is_another(rule: str, old: str, new: str) -> None:
    text = strict_pod("m").decode()
    assert old in text
    with pytest.raises(Refused, match=f"the rule {rule} of"):
        _check(text.replace(old, new).encode())


@pytest.mark.parametrize("kind", ["initContainers", "ephemeralContainers"])
def test_containers_of_every_kind_are_checked(kind: str) -> None:
    extra = f"  {kind}: [{{name: two, image: 'docker.io/x:latest'}}]\n"
    with pytest.raises(Refused, match=r"the rule digest of.*docker"):
        _check(strict_pod("m", spec=extra))


def test_what_the_policy_opens_is_open() -> None:
    root = strict_pod("m").replace(b"runAsUser: 10001", b"runAsUser: 0")
    _check(root, POLICY._replace(run_as_root=True))
    _check(strict_pod("m", **_volume("/data/x")), POLICY._replace(host_paths=("/data",)))
    data = strict_pod("m", **_volume("/data/x", mount="readOnly: false"))
    _check(data, POLICY._replace(writable_host_paths=("/data",)))
    with pytest.raises(Refused, match="rule memory"):
        _check(strict_pod("m"), POLICY._replace(max_memory=1))


@pytest.mark.parametrize("folder", ["pods", "agent", "spool", "reports"])
def test_the_agents_own_pod_may_mount_the_devices_folders(folder: str) -> None:
    parts = _volume(f"/opt/slipway/{folder}", mount="readOnly: false")
    _check(strict_pod(AGENT, **parts))
    for closed in ("trust", "bucket"):
        _check(strict_pod(AGENT, **_volume(f"/opt/slipway/{closed}")))
        with pytest.raises(Refused, match="mounted for writing"):
            _check(strict_pod(AGENT, **_volume(f"/opt/slipway/{closed}", mount="readOnly: false")))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "names no registries"),
        ("registries = [\n", "is not TOML"),
        ("registries = 'r'", "registries is 'r'"),
        ("registries = [5]", "registries is"),
        ("registries = ['https://r']", "registries has 'https://r'"),
        ("registries = ['']", "registries has ''"),
        ("registries = ['r']\nhost_path = []", "unknown key 'host_path'"),
        ("registries = ['r']\n[rules]\nx = 1", "unknown key 'rules'"),
        ("registries = ['r']\nhost_paths = ['/']", "host_paths has '/'"),
        ("registries = ['r']\nhost_paths = ['/a/../b']", "host_paths has '/a/../b'"),
        ("registries = ['r']\nwritable_host_paths = ['a']", "writable_host_paths has 'a'"),
        ("registries = ['r']\nmax_memory = 'lots'", "max_memory: 'lots' is not a quantity"),
        ("registries = ['r']\nmax_memory = true", "max_memory: 'True' is not a quantity"),
        ("registries = ['r']\nrun_as_root = 'no'", "run_as_root is 'no'"),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(text)
    with pytest.raises(InvalidOption, match=str(path)) as mistake:
        read_policy(path)
    assert reason in mistake.value.message
    assert mistake.value.hint


def test_all_keys_are_read_and_defaults_are_strict(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text("registries = ['r']")
    assert read_policy(path) == Policy(
        ("r",),
        ("/opt/slipway/images", "/opt/slipway/streams"),
        ("/opt/slipway/spool",),
        512 << 20,
        False,
    )
    path.write_text(
        "registries = []\nhost_paths = ['/a']\nwritable_host_paths = ['/b']\n"
        "max_memory = '1Gi'\nrun_as_root = true\n"
    )
    assert read_policy(path) == Policy((), ("/a",), ("/b",), 1 << 30, True)


def test_a_device_without_a_policy_takes_nothing_until_it_has_one(tmp_path: Path) -> None:
    device = Attacked(tmp_path)
    path = device.poller.trust / "policy.toml"
    text = path.read_text()
    path.unlink()
    device.refuses(InvalidOption, "policy.toml cannot be read")
    path.write_text(text)
    assert device.runs() == GOOD


def test_one_refused_manifest_does_not_keep_the_others(tmp_path: Path) -> None:
    device = Attacked(tmp_path)
    device.repository.publish({**GOOD, "n-pod.yaml": strict_pod("n", image="docker.io/n:1")})
    wanted = device.poller.poll()
    assert list(wanted.manifests) == ["m"]
    assert "the rule digest of" in wanted.refused["n"].message


def test_a_policy_that_is_changed_counts_at_the_next_poll(tmp_path: Path) -> None:
    device = Attacked(tmp_path)
    assert device.runs() == GOOD
    policy = device.poller.trust / "policy.toml"
    policy.write_text('registries = ["elsewhere"]\n')
    wanted = device.poller.poll()
    assert not wanted.manifests
    assert "the rule registry of" in wanted.refused["m"].message
    policy.write_text('registries = ["r"]\n')
    assert device.runs() == GOOD


def test_a_refused_manifest_of_the_channel_does_not_let_that_of_all_in(tmp_path: Path) -> None:
    device = Attacked(tmp_path)
    device.repository.publish({"m-pod.yaml": strict_pod("m", "3")}, "x86_64/all")
    assert device.runs() == GOOD
    assert "event=shadowed slot=m" in device.poller.out.getvalue()
    device.repository.publish({"m-pod.yaml": strict_pod("m", image="docker.io/m:1")})
    wanted = device.poller.poll()
    assert (list(wanted.manifests), list(wanted.refused)) == ([], ["m"])


def test_all_is_delivered_beside_the_channel(tmp_path: Path) -> None:
    device = Attacked(tmp_path)
    base = strict_pod("base")
    device.repository.publish({"base-pod.yaml": base}, "x86_64/all")
    assert device.runs() == {**GOOD, "base-pod.yaml": base}
    device.repository.publish({})
    assert device.runs() == {"base-pod.yaml": base}


def test_two_manifests_for_one_slot_or_one_pod_are_refused(tmp_path: Path) -> None:
    device = Attacked(tmp_path)
    device.repository.publish({**GOOD, "m.yaml": strict_pod("m", "2")})
    wanted = device.poller.poll()
    assert not wanted.manifests
    assert "two manifests for the slot m" in wanted.refused["m"].message
    twin = strict_pod("m").replace(b"slot: m", b"slot: n")
    device.repository.publish({**GOOD, "n-pod.yaml": twin})
    wanted = device.poller.poll()
    assert list(wanted.manifests) == ["m"]
    assert "the same pod m-11111111" in wanted.refused["n"].message
