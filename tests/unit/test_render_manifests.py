"""Manifests: byte for byte what they were, and what becomes of templates that go wrong."""

import ipaddress
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from slipway.domain.errors import InvalidManifest, InvalidSetting
from slipway.domain.image import Digest
from slipway.domain.names import Arch, Channel, ModelVersion
from slipway.domain.pod import Update
from slipway.domain.release import Release
from slipway.services.check_manifest import CheckedManifest
from slipway.services.render_manifests import ManifestRenderer, ManifestSettings

PROBES = ("readinessProbe", "livenessProbe")
SETTINGS = ManifestSettings(
    registry="127.0.0.1:5050", bucket_url="file:///opt/slipway/bucket", ports={"washers": 8081}
)
POD = """\
apiVersion: v1
kind: Pod
metadata: {name: own}
spec:
  containers:
    - {name: main, image: "{{ image }}"}
"""


def release(name: str = "equipmentparts", channel: Channel = Channel.LATEST) -> Release:
    images = {arch: Digest(f"sha256:{n:064x}") for n, arch in enumerate(Arch, 1)}
    version = ModelVersion.parse(f"{name}_1_1501089026")
    return Release(version.name.repository, channel, version, Digest("sha256:" + "f" * 64), images)


def own(folder: Path, text: str, name: str = "model-pod.yaml.j2") -> ManifestRenderer:
    (folder / name).write_text(text)
    return ManifestRenderer(SETTINGS, folder)


def first(renderer: ManifestRenderer, of: Release, arch: Arch = Arch.X86_64) -> CheckedManifest:
    return renderer.render_move(of, arch, 1)


@pytest.mark.parametrize("arch", Arch)
@pytest.mark.parametrize("name", ["equipmentparts", "hello", "slipway-agent"])
def test_golden(name: str, arch: Arch, golden: Callable[[str, bytes], None]) -> None:
    manifest = ManifestRenderer(SETTINGS).render_move(release(name, Channel.STABLE), arch, 7)
    golden(f"{name}-pod.{arch}.yaml", manifest.data)


def test_golden_agent_on_a_bucket_in_the_cloud(golden: Callable[[str, bytes], None]) -> None:
    settings = ManifestSettings(
        "r.example/edge",
        "gs://deploy/edge?a&b",
        interval=2.5,
        reports_url="https://reports.example/edge",
    )
    manifest = ManifestRenderer(settings).render_move(release("slipway-agent"), Arch.AARCH64, 1)
    golden("slipway-agent-pod.gs.yaml", manifest.data)


def test_claims() -> None:
    parts = first(ManifestRenderer(SETTINGS), release())
    assert parts.claims == {f"pod {parts.pod}", "port 8080"}
    washers = first(ManifestRenderer(SETTINGS), release("washers"))
    assert washers.claims == {f"pod {washers.pod}", "port 8081"}
    agent = first(ManifestRenderer(SETTINGS), release("slipway-agent"))
    assert agent.claims == {f"pod {agent.pod}"}


def test_every_move_is_a_pod_of_its_own() -> None:
    """A name and a loopback address that nothing before it had, in one slot."""
    renderer = ManifestRenderer(SETTINGS)
    moves = [renderer.render_move(release(), Arch.X86_64, move) for move in range(1, 50)]
    moves += [renderer.render_move(release(), arch, 1) for arch in (Arch.ARMV7L, Arch.AARCH64)]
    moves.append(renderer.render_move(release(channel=Channel.BETA), Arch.X86_64, 1))
    assert len({manifest.pod for manifest in moves}) == len(moves)
    assert {manifest.slot for manifest in moves} == {"equipmentparts"}
    addresses = set()
    for manifest in moves:
        (container,) = yaml.safe_load(manifest.data)["spec"]["containers"]
        probed = {container[probe]["httpGet"]["host"] for probe in PROBES}
        address = container["args"][container["args"].index("--private") + 1]
        assert probed == {address}
        assert ipaddress.ip_address(address) in ipaddress.ip_network("127.64.0.0/10")
        addresses.add(address)
    assert len(addresses) == len(moves)


def test_the_number_of_the_move_counts_what_stood_there() -> None:
    renderer = ManifestRenderer(SETTINGS)
    one = renderer.render(release(), Arch.X86_64, None, 4)
    assert one.move == 4
    assert renderer.render(release(), Arch.X86_64, one.data, 9) == one
    other = replace(release(), images={Arch.X86_64: Digest("sha256:" + "e" * 64)})
    two = renderer.render(other, Arch.X86_64, one.data, 9)
    three = renderer.render(release(), Arch.X86_64, two.data, 9)
    assert (two.move, three.move) == (5, 6)
    assert len({one.pod, two.pod, three.pod}) == 3
    elsewhere = ManifestRenderer(replace(SETTINGS, ports={"equipmentparts": 8089}))
    assert elsewhere.render(release(), Arch.X86_64, three.data, 9).move == 7


def test_what_stands_there_may_be_of_any_making() -> None:
    renderer = ManifestRenderer(SETTINGS)
    for standing in (b"", b"\xff", b"kind: Pod", POD.encode()):
        assert renderer.render(release(), Arch.X86_64, standing, 3).move == 3


def test_how_a_pod_is_replaced_is_a_setting() -> None:
    settings = replace(SETTINGS, update={"washers": Update.RECREATE})
    renderer = ManifestRenderer(settings)
    assert first(renderer, release("washers")).update is Update.RECREATE
    assert first(renderer, release()).update is Update.BESIDE


def test_a_pod_that_comes_up_beside_another_has_its_own_name(tmp_path: Path) -> None:
    """Two pods of one name on a device would be undefined; who does not say is recreated."""
    assert first(own(tmp_path, POD), release()).update is Update.RECREATE
    beside = "metadata: {name: %s, annotations: {dev.slipway.update: beside}}"
    text = POD.replace("metadata: {name: own}", beside % "'{{ pod }}'")
    assert first(own(tmp_path, text), release()).update is Update.BESIDE
    with pytest.raises(InvalidManifest, match="'own', but the pod is to come up beside"):
        first(own(tmp_path, text.replace("{{ pod }}", "own")), release())


@pytest.mark.parametrize("name", ["true", "null", "on", "EquipmentParts"])
def test_names_that_yaml_would_take_for_something_else(name: str) -> None:
    pod = yaml.safe_load(first(ManifestRenderer(SETTINGS), release(name)).data)
    assert pod["metadata"]["annotations"]["dev.slipway.slot"] == name.lower()
    assert pod["metadata"]["name"].startswith(f"{name.lower()}-")
    assert pod["metadata"]["labels"]["dev.slipway.model"] == name


def test_own_template_goes_before_the_shipped(tmp_path: Path) -> None:
    renderer = own(tmp_path, POD)
    assert first(renderer, release()).pod == "own"
    assert first(renderer, release("hello")).slot == "hello"
    own(tmp_path, POD.replace("own", "mine"), "hello-pod.yaml.j2")
    assert first(renderer, release("hello")).pod == "mine"


def test_layout_and_comments_do_not_reach_the_device(tmp_path: Path) -> None:
    before = first(own(tmp_path, POD), release()).data
    text = "# new\n---\n" + POD.replace("metadata: {name: own}", "metadata:\n    name: 'own'")
    assert first(own(tmp_path, text), release()).data == before


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", "it holds 0 documents"),
        (POD + "---\n" + POD, "it holds 2 documents"),
        ("just words", "'just words', not a mapping"),
        ("a: [", "it is not YAML"),
        ("? [a]\n: b", "it is not YAML"),
        (POD.replace("v1", "v2"), "apiVersion is 'v2', not v1"),
        (POD.replace("Pod", "Deployment"), "kind is 'Deployment', not Pod"),
        (POD.replace("{name: own}", "{name: own, name: two}"), "'name' is given twice"),
        (POD.replace("own", "Own_1"), "metadata.name is 'Own_1'"),
        (POD.replace("{name: own}", "{}"), "metadata.name is 'None'"),
        (
            POD.replace("{name: own}", "{name: own, annotations: {dev.slipway.move: '-1'}}"),
            r"metadata\.annotations\.dev\.slipway\.move is '-1', not a number",
        ),
        (
            POD.replace("{name: own}", "{name: own, annotations: {dev.slipway.update: later}}"),
            r"metadata\.annotations\.dev\.slipway\.update is 'later'",
        ),
        (POD + "  hostNet: true\n", "spec: Additional properties .*'hostNet' was unexpected"),
        (POD.replace("{name: main", "{name: 7"), r"spec\.containers\[0\]\.name: 7 is not of type"),
        (
            POD.replace("{{ image }}", "alpine:3"),
            r"spec\.containers\[0\]\.image: 'alpine:3' is not",
        ),
        (POD.replace(', image: "{{ image }}"', ""), r"spec\.containers\[0\]\.image: 'None' is not"),
        (POD + "  hostNetwork: 'yes'\n", r"spec\.hostNetwork: 'yes' is not of type"),
        (POD + "{{ models }}", "'models' is undefined"),
        (POD + "{% if %}", "line 7: "),
        (POD + "{{ 1 / 0 }}", "ZeroDivisionError: division by zero"),
        (POD + "{{ ''.__class__.__mro__ }}", "access to attribute '__class__'"),
        (POD + "{% include 'nowhere.j2' %}", "nowhere.j2"),
        (POD + "{% include 'model-pod.yaml.j2' %}", "RecursionError"),
    ],
)
def test_bad_templates(tmp_path: Path, text: str, wanted: str) -> None:
    """One error with template, model, arch, channel, then place and value."""
    where = r"model-pod\.yaml\.j2 for equipmentparts, armv7l, latest: "
    with pytest.raises(InvalidManifest, match=where + f"(?s:.*){wanted}"):
        first(own(tmp_path, text), release(), Arch.ARMV7L)


def test_template_that_is_not_text(tmp_path: Path) -> None:
    (tmp_path / "model-pod.yaml.j2").write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidManifest, match="UnicodeDecodeError"):
        first(ManifestRenderer(SETTINGS, tmp_path), release())


def test_init_containers_are_pinned_too(tmp_path: Path) -> None:
    text = POD + "  initContainers: [{name: first, image: 'alpine:3'}]\n"
    with pytest.raises(InvalidManifest, match=r"spec\.initContainers\[0\]\.image"):
        first(own(tmp_path, text), release(), Arch.ARMV7L)


def test_templates_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match=r"monitor\.templates: .*nowhere"):
        ManifestRenderer(SETTINGS, tmp_path / "nowhere")
