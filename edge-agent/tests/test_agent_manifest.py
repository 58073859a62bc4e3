"""What the agent reads of a manifest, and the log that untrusted text goes into."""

import io
import json
from pathlib import Path

import pytest
from agent_testing.pods import strict_pod
from slipway_agent.errors import Refused
from slipway_agent.log import Log
from slipway_agent.manifest import quantity, read_manifest

GOLDEN = Path(__file__).parents[2] / "tests/golden"
WHERE = "x86_64/latest/m-pod.yaml"
PLAIN = """\
apiVersion: v1
kind: Pod
metadata:
  name: m
spec:
  containers:
    - name: m
      image: r/m:1
"""


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*-pod.*.yaml")), ids=lambda path: path.name)
def test_what_the_tag_monitor_renders_is_read(path: Path) -> None:
    name = path.name.partition(".")[0]
    manifest = read_manifest(path.read_bytes(), f"{path.name.split('.')[1]}/latest/{name}.yaml")
    assert f"{manifest.slot}-pod" == name
    assert manifest.pod.startswith(manifest.slot)
    assert manifest.memory > 0
    assert all("@sha256:" in image for image in manifest.images)


def test_what_annotations_tell() -> None:
    text = strict_pod("m").decode().replace('start: "60"', 'start: "5.5"')
    text = text.replace("  annotations:\n", "  annotations:\n    dev.slipway.version: m_1_2\n")
    manifest = read_manifest(text.encode(), "x86_64/latest/other-pod.yaml")
    assert manifest[:2] == ("m", "m-11111111")
    assert (manifest.folder, manifest.update) == ("x86_64/latest", "beside")
    assert (manifest.start, manifest.probation) == (5.5, 30.0)
    assert (manifest.model, manifest.version) == ("", "m_1_2")
    assert manifest.memory == 64 * 1024 * 1024
    assert manifest.images == (f"r/m@sha256:{'1' * 64}",)


@pytest.mark.parametrize("name", ["my.base-pod.yaml", "my.base.yaml", "my.base.yml"])
def test_a_users_own_manifest_has_a_slot_by_its_file(name: str) -> None:
    manifest = read_manifest(PLAIN.encode(), f"x86_64/all/{name}")
    assert (manifest.slot, manifest.pod, manifest.update) == ("my.base", "m", "recreate")
    assert (manifest.memory, manifest.start) == (0, 60.0)


def test_containers_of_all_kinds_are_seen_and_json_is_read() -> None:
    document = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "m", "labels": {"name": "other"}},
        "spec": {
            "containers": [{"image": "a", "resources": {"limits": {"memory": "1Ki"}}}],
            "initContainers": [{"image": "b"}],
            "ephemeralContainers": [{"image": "c"}],
        },
    }
    manifest = read_manifest(json.dumps(document).encode(), WHERE)
    assert sorted(manifest.images) == ["a", "b", "c"]
    assert manifest.memory == 1024


@pytest.mark.parametrize(
    ("value", "expected"),
    [("512Mi", 512 << 20), ("1.5Gi", 3 << 29), ("2k", 2000), ("7", 7), (9, 9), ("1M", 1_000_000)],
)
def test_quantities(value: object, expected: int) -> None:
    assert quantity(value) == expected


@pytest.mark.parametrize("value", ["", "5 Mi", "-1", "1m", "1e9", "Mi", True, None, 1.5, "9" * 99])
def test_what_is_no_quantity(value: object) -> None:
    with pytest.raises(ValueError, match="is not a quantity"):
        quantity(value)


def test_a_manifest_cut_anywhere_is_refused_or_whole() -> None:
    """Its digest is signed; still, what is cut before its containers never counts as a pod."""
    whole = strict_pod("m")
    for end in range(whole.index(b"  containers:") + len(b"  containers:")):
        with pytest.raises(Refused, match=r"^x86_64/latest/m-pod"):
            read_manifest(whole[:end], WHERE)


def _note(text: str) -> str:
    return PLAIN.replace("  name: m\nspec", f"  name: m\n  annotations: {{{text}}}\nspec")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty or not a manifest"),
        ("just text\n", "empty or not a manifest"),
        ("[1, 2]\n", "empty or not a manifest"),
        ("<html>\n<body>\n", "empty or not a manifest"),
        ("{\n", "is not the YAML of a manifest"),
        ("a: [", "is not the YAML of a manifest"),
        ("\x00", "is not the YAML of a manifest"),
        (PLAIN + "---\n" + PLAIN, "another document"),
        (PLAIN + "kind: Pod\n", "'kind' is given twice"),
        (PLAIN.replace("name: m\nspec", "name: n\n  name: m\nspec"), "'name' is given twice"),
        (PLAIN + "x: &a [1]\ny: *a\n", "aliases are not taken"),
        (PLAIN + "x: {<<: {kind: List}}\n", "merge keys are not taken"),
        (PLAIN + "x: !!python/name:os.system 1\n", "could not determine a constructor"),
        (PLAIN + f"x: {'[' * 60_000}\n", "nested too deep"),
        (PLAIN + f"# {'x' * 300_000}\n", "more than 262144 bytes"),
        (PLAIN.replace("Pod", "List"), "it is 'v1 List'"),
        (PLAIN.replace("v1", "v2"), "it is 'v2 Pod'"),
        (PLAIN.partition("spec:")[0], "no spec.containers"),
        (PLAIN.partition("    - name")[0], "no spec.containers"),
        (PLAIN.partition("  containers")[0] + " 5\n", "spec is not a mapping"),
        (PLAIN.partition("    - name")[0] + "    - one\n", "containers is not a list of mappings"),
        (PLAIN.replace("name: m\nspec", "name: Upper\nspec"), "no usable metadata.name: 'Upper'"),
        (PLAIN.replace("name: m\nspec", "name: ../x\nspec"), "no usable metadata.name"),
        (PLAIN.replace("name: m\nspec", "name: 5\nspec"), "no usable metadata.name: '5'"),
        (_note("dev.slipway.slot: ../m"), "slot '../m'"),
        (_note("dev.slipway.slot: ''"), "slot ''"),
        (_note("dev.slipway.update: soon"), "'soon', not beside or recreate"),
        (_note("dev.slipway.start: 60"), "dev.slipway.start is not text; quote it"),
        (_note("dev.slipway.start: 'nan'"), "start is 'nan', not seconds up to 3600"),
        (_note("dev.slipway.probation: '-1'"), "probation is '-1'"),
        (PLAIN + "      resources: {limits: {memory: 5 MB}}\n", "'5 MB' is not a quantity"),
    ],
)
def test_what_is_refused_and_why(text: str, reason: str) -> None:
    with pytest.raises(Refused, match=r"^x86_64/latest/m-pod\.yaml") as refusal:
        read_manifest(text.encode(), WHERE)
    assert reason in refusal.value.message
    assert "\n" not in refusal.value.message


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(Refused, match="is not UTF-8"):
        read_manifest(b"\xff\xfe" + PLAIN.encode(), WHERE)


def test_untrusted_text_can_neither_end_a_line_nor_forge_a_field() -> None:
    out = io.StringIO()
    Log(out).event("failed", message='x\nlevel=error event="forged" \x1b[31m', name="")
    assert out.getvalue().count("\n") == 1
    assert '\\nlevel=error event=\\"forged\\" \\u001b' in out.getvalue()
    assert out.getvalue().endswith('name=""\n')
