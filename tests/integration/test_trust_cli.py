"""Keys and signatures on the command line, over a bucket that is a folder and a real registry."""

import json
import subprocess
from pathlib import Path

import pytest

from slipway.domain.names import ModelVersion
from tests.fixtures.free_ports import free_port
from tests.fixtures.oci import package
from tests.fixtures.registry import running_registry
from tests.integration.test_tag_monitor import Installation, installation

ARCHS = ("x86_64", "armv7l", "aarch64")
V1, V2 = (ModelVersion.parse(f"parts_1_{n}") for n in (100, 200))


def ok(done: "subprocess.CompletedProcess[str]") -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout


def fails(done: "subprocess.CompletedProcess[str]", code: int, words: str) -> None:
    assert done.returncode == code, done.stdout + done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def stable(here: Installation) -> dict[str, object]:
    (row,) = (
        r for r in json.loads(ok(here.slipway("channels", "--json"))) if r["channel"] == "stable"
    )
    assert isinstance(row, dict)
    return row


@pytest.mark.system
@pytest.mark.slow
def test_a_promotion_waits_until_people_have_signed(tmp_path: Path) -> None:
    (tmp_path / "registry").mkdir()
    with running_registry(tmp_path / "registry") as address:
        here = installation(address, tmp_path / "home")
        del here.environment["SLIPWAY_MLFLOW_TRACKING_URI"]
        package(address, V1)
        package(address, V2)
        alice, bob = tmp_path / "alice.pem", tmp_path / "bob.pem"
        for person in (alice, bob):
            ok(here.slipway("keys", "new", str(person)))
        here.skopeo(V1, "stable")
        ok(here.slipway("monitor", "--once"))
        assert stable(here)["published"] == dict.fromkeys(ARCHS, True)
        public = [f"--key={person.with_suffix('.pub')}" for person in (alice, bob)]
        said = ok(here.slipway("keys", "demand", "stable", *public, "--threshold", "2"))
        assert said == "signed; the tag monitor publishes it\n"
        here.skopeo(V2, "stable")
        said = ok(here.slipway("monitor", "--once"))
        assert "x86_64.stable waits for 2 signatures, has 0" in said
        assert "waiting for 2 of 2 signatures" in ok(here.slipway("channels"))
        row = stable(here)
        assert row["version"] == str(V2)
        assert row["published"] == dict.fromkeys(ARCHS, False)
        assert row["waiting"] == {arch: {"signatures": 0, "threshold": 2} for arch in ARCHS}
        said = ok(here.slipway("sign", "stable", "--key", str(alice)))
        assert f"+ x86_64/stable/parts-pod.yaml {V2} {address}/parts@sha256:" in said
        assert "waiting for signatures: x86_64.stable has 1 of 2" in said
        assert "waiting for 1 of 2 signatures" in ok(here.slipway("channels"))
        ok(here.slipway("sign", "stable", "--key", f"file2:{bob}"))
        ok(here.slipway("monitor", "--once"))
        assert stable(here)["waiting"] == {}
        assert stable(here)["published"] == dict.fromkeys(ARCHS, True)
        fails(here.slipway("sign", "stable", "--key", str(alice)), 3, "nothing of stable waits")
        fails(here.slipway("sign", "gamma", "--key", str(alice)), 2, "not a channel")


def test_keys_are_rotated_revoked_and_shown(tmp_path: Path) -> None:
    here = installation(f"127.0.0.1:{free_port()}", tmp_path / "home")
    fails(here.slipway("keys", "init"), 5, "keys and a root already")
    keys = tmp_path / "home" / "keys"
    status = json.loads(ok(here.slipway("keys", "status", "--json")))
    assert status["folder"] == str(keys)
    roles = {role["role"]: role for role in status["roles"]}
    assert roles["root"]["threshold"] == 1
    assert [key["here"] for key in roles["root"]["keys"]] == [True]
    ok(here.slipway("keys", "rotate", "root", "--root-keys", "2", "--threshold", "1"))
    waiting = json.loads(ok(here.slipway("keys", "status", "--json")))["waiting"]
    assert [(each["role"], each["signatures"]) for each in waiting] == [("root", 1), ("targets", 2)]
    complete = "waiting for the tag monitor to publish it: root has 1 of 1"
    assert complete in ok(here.slipway("keys", "status"))
    fails(here.slipway("keys", "revoke", "zz"), 3, "no keys of the repository")
    fails(here.slipway("keys", "rotate"), 2, "Usage")
    fails(here.slipway("keys", "demand", "stable"), 2, "--online")


def test_mistakes_with_keys(tmp_path: Path) -> None:
    here = installation(f"127.0.0.1:{free_port()}", tmp_path / "home")
    alice = tmp_path / "alice.pem"
    ok(here.slipway("keys", "new", str(alice)))
    assert alice.stat().st_mode & 0o777 == 0o600
    fails(here.slipway("keys", "new", str(alice)), 5, "exists already")
    for arguments, code, words in (
        (("demand", "gamma", f"--key={alice.with_suffix('.pub')}"), 2, "not a channel"),
        (("demand", "stable", f"--key={alice}"), 2, "no public key"),
        (("demand", "stable", "--key=/nowhere.pub"), 3, "/nowhere.pub does not exist"),
        (("revoke", "zz", "--root-key=nokms:x"), 3, "no keys"),
        (("renew", "--root-key=/nowhere.pem"), 3, "/nowhere.pem does not exist"),
    ):
        fails(here.slipway("keys", *arguments), code, words)
    for path in (tmp_path / "home" / "keys").glob("root-*.pem"):
        path.unlink()
    fails(here.slipway("keys", "renew"), 6, "none of the root keys is here")
    fails(here.slipway("keys", "renew", "--root-key=nokms:x"), 2, "nor the URI of a signer")
    fails(here.slipway("keys", "renew", "--root-key=gcpkms:x"), 8, "gcpkms:x")
    (tmp_path / "home" / "keys" / "root.json").unlink()
    fails(here.slipway("keys", "status"), 3, "has no keys yet")
    fails(here.slipway("keys", "init"), 5, "TUF repository already")
