"""Keys that no file holds: a PKCS#11 token (SoftHSM) and AWS KMS (moto), from the command line to
what python-tuf's client of a device accepts. `test_trust_services.py` runs these checks."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from securesystemslib.signer import SSlibKey

from slipway.adapters.key_services import KeyService
from slipway.adapters.local_bucket import LocalBucket
from slipway.cli.app import root
from slipway.domain.errors import (
    Denied,
    InvalidInput,
    InvalidSetting,
    MissingTool,
    NotFound,
    SlipwayError,
    Unavailable,
)
from slipway.domain.names import ModelVersion
from tests.fixtures.buckets import aws_environment, running_server
from tests.fixtures.oci import package
from tests.fixtures.registry import running_registry
from tests.integration.test_tag_monitor import Installation, installation
from tests.unit.trusted import Client, StandingClock

pytestmark = [pytest.mark.system, pytest.mark.slow]

V1, V2 = (ModelVersion.parse(f"parts_1_{n}") for n in (100, 200))
LIBRARY = Path("/usr/lib/softhsm/libsofthsm2.so")
PIN = "pin-of-the-owner"
KEY, ONLINE = "hsm:2?label=owner", "hsm:3?label=owner"
# In a process of its own: the library reads its configuration once.
MAKE_KEYS = """
import os, sys, pkcs11
from pkcs11.util.ec import encode_named_curve_parameters
token = pkcs11.lib(os.environ["PYKCS11LIB"]).get_token(token_label="owner")
curve = {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}
with token.open(rw=True, user_pin=sys.stdin.read()) as session:
    for number in (2, 3):
        made = session.create_domain_parameters(pkcs11.KeyType.EC, curve, local=True)
        made.generate_keypair(id=bytes([number]), store=True)
"""


@dataclass
class Owner:
    """An installation and what its owner types."""

    here: Installation
    registry: str
    folder: Path

    def __post_init__(self) -> None:
        self.first_root = (self.here.home / "keys" / "root.json").read_bytes()
        self.said = ""

    def run(self, *arguments: str, typed: str = "") -> Result:
        """A command in this process: its libraries take long to import."""
        done = CliRunner().invoke(root, arguments, typed, env=self.here.environment)
        self.said += done.output
        return done

    def ok(self, *arguments: str, typed: str = "") -> str:
        done = self.run(*arguments, typed=typed)
        assert done.exit_code == 0, f"{arguments}: {done.output} {done.exception!r}"
        return done.stdout

    def fails(self, words: str, *arguments: str, typed: str = "") -> None:
        error = self.run(*arguments, typed=typed).exception
        assert isinstance(error, SlipwayError)
        assert words in error.message
        assert error.hint

    def device_sees(self, channel: str) -> str:
        """The manifest that a device of the first day takes today."""
        state = Path(tempfile.mkdtemp(dir=self.folder))
        bucket = LocalBucket.open(str(self.here.bucket))
        clock = StandingClock(int(time.time()))
        files = Client(bucket, clock, self.first_root, state).folder(f"x86_64/{channel}")
        return files["parts-pod.yaml"].decode()


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[Owner]:
    (tmp_path / "registry").mkdir()
    with running_registry(tmp_path / "registry") as address:
        here = installation(address, tmp_path / "home")
        del here.environment["SLIPWAY_MLFLOW_TRACKING_URI"]
        for version in (V1, V2):
            package(address, version)
        here.skopeo(V1, "stable")
        yield Owner(here, address, tmp_path)


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A token with two keys; what leads its library there. One for the module: the library reads
    its configuration once in a process."""
    assert LIBRARY.exists(), "softhsm2 is not installed; run scripts/setup test"
    folder = tmp_path_factory.mktemp("token")
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder}\nlog.level = ERROR\n")
    found = {"SOFTHSM2_CONF": str(folder / "softhsm2.conf"), "PYKCS11LIB": str(LIBRARY)}
    make = ["softhsm2-util", "--init-token", "--free", "--label", "owner", "--pin", PIN]
    environment = {**os.environ, **found}
    subprocess.run([*make, "--so-pin", PIN], env=environment, capture_output=True, check=True)
    program = [sys.executable, "-c", MAKE_KEYS]
    subprocess.run(program, env=environment, input=PIN, text=True, check=True)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in found.items():
            patch.setenv(name, value)
        yield found


def test_a_token_signs_root_a_channel_and_online(owner: Owner, token: dict[str, str]) -> None:
    owner.here.environment.update(token)
    public, online_public = owner.folder / "owner.pub", owner.folder / "online.pub"
    owner.ok("keys", "public", KEY, str(public))
    owner.ok("keys", "public", ONLINE, str(online_public))

    # Root: the file of before hands over to the token.
    said = owner.ok("keys", "rotate", "root", f"--public={public}", "--threshold=1")
    assert "root waits for 1 signatures, has 0" in said
    owner.fails("wants a PIN", "sign", "root", "--key", KEY)
    owner.fails("refuses the PIN", "sign", "root", "--key", KEY, typed="wrong\n")
    owner.fails("may not sign", "sign", "root", "--key", ONLINE)  # which asks for no PIN
    owner.ok("sign", "root", "--key", KEY, typed=f"{PIN}\n")
    owner.ok("monitor", "--once")

    # A channel and the online key, by changes that only the token can sign now.
    owner.fails("none of the root keys", "keys", "demand", "stable", f"--key={public}")
    root_key = f"--root-key={KEY}"
    owner.ok("keys", "demand", "stable", f"--key={public}", root_key, typed=PIN)
    owner.ok("keys", "rotate", "online", f"--public={online_public}", root_key, typed=PIN)
    pin = owner.folder / "pin"
    pin.write_text(f"{PIN}\n")
    pin.chmod(0o600)
    variables = {"SLIPWAY_TRUST_ONLINE": ONLINE, "SLIPWAY_TRUST_PIN_FILE": str(pin)}
    owner.here.environment.update(variables)
    owner.here.skopeo(V2, "stable")
    assert "x86_64.stable waits" in owner.ok("monitor", "--once")
    assert str(V1) in owner.device_sees("stable")
    owner.ok("sign", "stable", "--key", KEY, typed=PIN)
    owner.ok("monitor", "--once")
    assert str(V2) in owner.device_sees("stable")

    assert PIN not in owner.said
    for path in owner.here.home.rglob("*"):
        assert not path.is_file() or PIN.encode() not in path.read_bytes()


@pytest.mark.usefixtures("token")
def test_what_can_be_wrong_with_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    key = KeyService(KEY, lambda _: PIN)
    public = SSlibKey.from_crypto(load_pem_public_key(key.public_pem()))
    assert key.sign(public, b"payload")
    for uri, kind, words in (
        ("hsm:2?label=another", NotFound, "No PKCS#11 token found for label another"),
        ("hsm:9?label=owner", NotFound, "could not find ECDSA key"),
        ("hsm:x", InvalidInput, "the key 'x' is not a number"),
    ):
        with pytest.raises(kind, match=words) as wrong:
            KeyService(uri, lambda _: PIN).sign(public, b"payload")
        assert wrong.value.hint
    with pytest.raises(Denied, match="wants a PIN, and there is nobody") as wrong:
        KeyService(KEY).sign(public, b"payload")
    assert "trust.pin_file" in wrong.value.hint
    for library, other, words in (
        ("", InvalidSetting, "PYKCS11LIB is not set"),
        ("/no.so", MissingTool, "there is no PKCS#11 library /no.so"),
        (__file__, Unavailable, "OS exception while loading"),
    ):
        monkeypatch.setenv("PYKCS11LIB", library)
        with pytest.raises(other, match=words):
            key.sign(public, b"payload")


@pytest.mark.usefixtures("token")
def test_a_pin_that_was_refused_is_not_sent_again() -> None:
    """A monitor asks again and again; a token would lock itself."""
    typed = ["wrong", "wrong", PIN]
    key = KeyService(KEY, lambda _: typed.pop(0))
    public = SSlibKey.from_crypto(load_pem_public_key(key.public_pem()))
    for words in ("the token refuses the PIN", "is the one that was refused before"):
        with pytest.raises(Denied, match=words):
            key.sign(public, b"payload")
    assert key.sign(public, b"payload")
    assert key.sign(public, b"another")
    assert typed == []


def test_a_key_service_signs_online_and_a_channel(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_server("aws_server") as url:
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
        owner.here.environment.update(aws_environment(url))
        uris, publics = [], [owner.folder / name for name in ("online.pub", "person.pub")]
        for public in publics:
            uris.append(f"awskms:{new_key(url)}")
            owner.ok("keys", "public", uris[-1], str(public))
        owner.ok("keys", "rotate", "online", f"--public={publics[0]}")
        owner.here.environment["SLIPWAY_TRUST_ONLINE"] = uris[0]
        owner.ok("monitor", "--once")
        owner.ok("keys", "demand", "stable", f"--key={publics[1]}")
        owner.here.skopeo(V2, "stable")
        owner.ok("monitor", "--once")
        assert str(V1) in owner.device_sees("stable")
        owner.ok("sign", "stable", "--key", uris[1])
        owner.ok("monitor", "--once")
        assert str(V2) in owner.device_sees("stable")


def test_what_can_be_wrong_with_a_key_service(monkeypatch: pytest.MonkeyPatch) -> None:
    with running_server("aws_server") as url:
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
        for name, value in aws_environment(url).items():
            monkeypatch.setenv(name, value)
        key = new_key(url)
        KeyService(f"awskms:{key}").public_pem()
        with pytest.raises(NotFound, match="NotFoundException"):
            KeyService("awskms:nothing").public_pem()
        for name, kind, words in (
            ("AWS_ACCESS_KEY_ID", Denied, "credentials"),
            ("AWS_DEFAULT_REGION", InvalidSetting, "region"),
        ):
            with monkeypatch.context() as patch, pytest.raises(kind, match=words) as wrong:
                patch.setattr(boto3, "DEFAULT_SESSION", None)
                patch.delenv(name)
                KeyService(f"awskms:{key}").public_pem()
            assert name in wrong.value.hint
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(Unavailable, match="connect"):
        KeyService(f"awskms:{key}").public_pem()


def new_key(url: str) -> str:
    kms = boto3.client(
        "kms",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    made = kms.create_key(KeyUsage="SIGN_VERIFY", KeySpec="ECC_NIST_P256")
    return str(made["KeyMetadata"]["KeyId"])
