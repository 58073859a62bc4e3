"""The tag monitor signs what it rendered, and nothing else."""

from pathlib import Path

import pytest

from slipway import wiring
from slipway.adapters.key_folder import KeyFolder
from slipway.domain.errors import NotFound, Unavailable
from slipway.domain.names import Arch, Channel
from slipway.services.check_manifest import standing_move
from slipway.services.reconcile_channels import Reconciler, Report
from slipway.services.render_manifests import ManifestRenderer
from slipway.services.trust.publish import Publisher
from slipway.settings import Settings, TrustSettings
from tests.unit.releases import SETTINGS, World
from tests.unit.trusted import Client, Trusted

V1, V2 = "parts_1_100", "parts_1_200"
FOLDER = "x86_64/latest"
POD = """apiVersion: v1
kind: Pod
metadata: {name: base}
spec: {containers: [{name: base, image: "r/base@sha256:%s"}]}
""" % ("0" * 64)


class Signed:
    """A world whose monitor signs."""

    def __init__(self, folder: Path) -> None:
        self.world = World()
        self.trusted = Trusted(folder / "keys", self.world.bucket)
        self.publisher = self.trusted.publisher
        self.pods: Path | None = None
        for version in (V1, V2):
            self.world.package(version)

    def reconcile(self) -> Report:
        return Reconciler(
            self.world.registry,
            self.world.bucket,
            ManifestRenderer(SETTINGS),
            self.world.clock,
            publisher=self.publisher,
            own_pods=self.pods,
        ).reconcile()

    def client(self) -> Client:
        return self.trusted.client()


@pytest.fixture
def signed(tmp_path: Path) -> Signed:
    return Signed(tmp_path)


def test_devices_see_what_the_tags_say(signed: Signed) -> None:
    client = signed.client()
    signed.world.move(V1, Channel.LATEST)
    report = signed.reconcile()
    assert report.problems == ()
    assert "signed version 1" in report.news()
    assert client.folder(FOLDER) == {
        "parts-pod.yaml": signed.world.bucket.contents[f"{FOLDER}/parts-pod.yaml"]
    }
    signed.world.registry.remove_tag("parts", "latest")
    signed.reconcile()
    assert client.folder(FOLDER) == {}
    assert signed.reconcile().news() == []


def test_the_signed_list_is_that_of_the_folder(signed: Signed) -> None:
    signed.world.move(V1, Channel.LATEST)
    signed.reconcile()
    contents = signed.world.bucket.contents
    (listing,) = (
        data
        for key, data in contents.items()
        if key.startswith(f"targets/{FOLDER}/") and key.endswith(".index.json") and b"parts" in data
    )
    assert listing == contents[f"{FOLDER}/index.json"]


def test_what_somebody_writes_over_a_manifest_is_no_move(signed: Signed) -> None:
    """Another number of the move would be a new pod on every device."""
    signed.world.move(V1, Channel.LATEST)
    signed.reconcile()
    contents = signed.world.bucket.contents
    key = f"{FOLDER}/parts-pod.yaml"
    good = contents[key]
    moved = good.replace(b"dev.slipway.move: '1'", b"dev.slipway.move: '77'")
    assert moved != good
    for bad in (moved, b"nothing"):
        contents[key] = bad
        report = signed.reconcile()
        assert contents[key] == good
        assert report.publication is not None
        assert not report.publication.written
    contents[key] = moved
    signed.world.move(V2, Channel.LATEST)
    signed.reconcile()
    assert standing_move(contents[key]) == 2
    assert signed.client().folder(FOLDER) == {"parts-pod.yaml": contents[key]}


def test_what_somebody_puts_into_the_bucket_is_reported_and_not_signed(signed: Signed) -> None:
    signed.world.bucket.contents["x86_64/all/evil-pod.yaml"] = POD.encode()
    report = signed.reconcile()
    assert [(p.where, p.code) for p in report.problems] == [("x86_64/all/evil-pod.yaml", "refused")]
    assert signed.client().folder("x86_64/all") == {}


def test_own_pods_are_signed_and_gone_with_their_file(signed: Signed, tmp_path: Path) -> None:
    signed.pods = tmp_path / "pods"
    path = signed.pods / "x86_64" / "all" / "base.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(POD)
    client = signed.client()
    assert signed.reconcile().problems == ()
    assert list(client.folder("x86_64/all")) == ["base.yaml"]
    path.write_text("kind: Pod")
    (problem,) = signed.reconcile().problems
    assert problem.where == str(path)
    assert list(client.folder("x86_64/all")) == ["base.yaml"], "a mistake empties no device"
    pods, signed.pods = signed.pods, None
    signed.reconcile()
    assert list(client.folder("x86_64/all")) == ["base.yaml"], "another monitor leaves it alone"
    path.unlink()
    signed.pods = pods
    signed.reconcile()
    assert client.folder("x86_64/all") == {}


def test_an_own_pod_in_no_folder_of_devices_is_a_problem(signed: Signed, tmp_path: Path) -> None:
    signed.pods = tmp_path / "pods"
    path = signed.pods / "sparc" / "all" / "base.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(POD)
    (problem,) = signed.reconcile().problems
    assert "in no folder that devices read" in problem.message


def test_without_keys_the_folders_are_written_and_devices_get_nothing_new(
    signed: Signed, tmp_path: Path
) -> None:
    signed.world.move(V1, Channel.LATEST)
    signed.reconcile()
    before = signed.client().folder(FOLDER)
    signed.publisher = Publisher(
        signed.world.bucket, KeyFolder(tmp_path / "none"), signed.trusted.clock
    )
    signed.world.move(V2, Channel.LATEST)
    report = signed.reconcile()
    (problem,) = report.problems
    assert (problem.where, problem.code) == ("signing", NotFound.code)
    assert "slipway keys init" in problem.hint
    assert f"{FOLDER}/parts-pod.yaml" in report.written
    assert signed.client().folder(FOLDER) == before


def test_a_signer_that_does_not_answer_is_tried_again(signed: Signed) -> None:
    class Away(KeyFolder):
        def sign(self, key: object, payload: bytes) -> None:
            raise Unavailable("the key service is away")

    signed.world.move(V1, Channel.LATEST)
    signed.publisher = Publisher(
        signed.world.bucket, Away(signed.trusted.folder), signed.trusted.clock
    )
    with pytest.raises(Unavailable):
        signed.reconcile()
    signed.publisher = signed.trusted.publisher
    signed.reconcile()
    assert list(signed.client().folder(FOLDER)) == ["parts-pod.yaml"]


@pytest.mark.parametrize("arch", Arch)
def test_every_arch_has_its_own_role(signed: Signed, arch: Arch) -> None:
    signed.world.move(V1, Channel.BETA)
    signed.reconcile()
    assert f"metadata/1.{arch}.beta.json" in signed.world.bucket.contents
    assert list(signed.client().folder(f"{arch}/beta")) == ["parts-pod.yaml"]


def test_the_embedded_keys_are_made_once(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    assert wiring.make_embedded_keys(settings)
    root = (settings.keys / "root.json").read_bytes()
    assert not wiring.make_embedded_keys(settings)
    assert (settings.keys / "root.json").read_bytes() == root
    own = TrustSettings(keys=str(tmp_path / "own"))
    assert not wiring.make_embedded_keys(Settings(home=tmp_path / "other", trust=own))
    assert not (tmp_path / "own").exists()
