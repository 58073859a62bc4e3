"""The installer for real devices, without root and without changing this machine."""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path

import pytest
import yaml

DEVICE = Path(__file__).parents[2] / "edge-agent" / "device"
SCRIPTS = ("install.sh", "start-kubelet", "make-pause-image")
UNITS = ("slipway-agent.service", "slipway-containerd.service", "slipway-kubelet.service")
URL = "https://releases.example.com/deploy"
REGISTRY = "registry.example.com:5000/edge"
AGENT_POD = """\
kind: Pod
metadata:
  name: "slipway-agent-1a2b3c4d"
  annotations:
    dev.slipway.arch: aarch64
"""


def install(*options: str, user: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run it, with the tests' Python as python3: it has pip and knows an index of packages."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["sh", str(DEVICE / "install.sh"), *options],
        capture_output=True,
        text=True,
        check=False,
        user=user,
        cwd="/",
        env={**os.environ, "PATH": path},
    )


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """What every installation is given."""
    file = tmp_path_factory.mktemp("owner") / "root.json"
    file.write_text('{"signed": {"_type": "root"}}')
    file.chmod(0o644)
    return "--trust-root", str(file), "--registry", REGISTRY


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, trusted: tuple[str, ...]) -> Path:
    """A device's files, written below a folder: an agent service, a registry of its own."""
    folder = tmp_path_factory.mktemp("device")
    certificate, credentials = folder / "ca.pem", folder / "config.json"
    certificate.write_text("certificate")
    credentials.write_text("{}")
    done = install(
        *(*trusted, "--bucket", URL, "--channel", "beta", "--reports", "gs://reports"),
        *("--arch", "armv7l"),
        *("--kubelet", "/bin/true", "--destdir", str(folder / "root")),
        *("--registry-ca", str(certificate), "--registry-config", str(credentials)),
    )
    assert done.returncode == 0, done.stderr
    return folder / "root"


def test_the_files_of_a_device(root: Path) -> None:
    files = {str(p.relative_to(root)) for p in root.rglob("*") if p.is_file()}
    files = {name for name in files if "/lib/agent/" not in name}
    assert files == {
        *(f"etc/systemd/system/{unit}" for unit in UNITS),
        "etc/sysctl.d/60-slipway.conf",
        "opt/slipway/bin/kubelet",
        "opt/slipway/etc/agent.env",
        "opt/slipway/etc/certs.d/registry.example.com:5000/ca.crt",
        "opt/slipway/etc/certs.d/registry.example.com:5000/hosts.toml",
        "opt/slipway/etc/cni/10-slipway.conflist",
        "opt/slipway/etc/containerd.toml",
        "opt/slipway/etc/kubelet.yaml",
        "opt/slipway/kubelet/config.json",
        "opt/slipway/lib/pause.tar",
        "opt/slipway/lib/start-kubelet",
        "opt/slipway/trust/policy.toml",
        "opt/slipway/trust/root.json",
    }
    assert (root / "opt/slipway/lib/agent/slipway_agent/__main__.py").is_file()
    assert (root / "opt/slipway/kubelet/config.json").stat().st_mode & 0o777 == 0o600
    for folder in ("pods", "agent", "images", "spool", "reports", "bucket"):
        assert (root / "opt/slipway" / folder).is_dir()
    for name in files - {"opt/slipway/bin/kubelet", "opt/slipway/lib/pause.tar"}:
        assert "@" not in (root / name).read_text().replace("@system-service", "").replace(
            "@privileged @resources", ""
        ).replace('"$@"', "").replace("$@", ""), f"{name} has a placeholder left"


def test_the_kubelets_configuration(root: Path) -> None:
    configuration = yaml.safe_load((root / "opt/slipway/etc/kubelet.yaml").read_text())
    assert configuration["staticPodPath"] == "/opt/slipway/pods"
    assert (configuration["cgroupDriver"], configuration["cgroupRoot"]) == ("systemd", "/")
    assert configuration["enableServer"] is False  # nobody runs commands in containers
    assert configuration["readOnlyPort"] == 10255
    assert configuration["address"] == "127.0.0.1"


def test_the_agents_environment(root: Path) -> None:
    assert (root / "opt/slipway/etc/agent.env").read_text().splitlines() == [
        f"SLIPWAY_AGENT_BUCKET={URL}",
        "SLIPWAY_AGENT_ARCH=armv7l",
        "SLIPWAY_AGENT_CHANNEL=beta",
        "SLIPWAY_AGENT_PODS=/opt/slipway/pods",
        "SLIPWAY_AGENT_STATE=/opt/slipway/agent",
        "SLIPWAY_AGENT_TRUST=/opt/slipway/trust",
        "SLIPWAY_AGENT_SPOOL=/opt/slipway/spool",
        "SLIPWAY_AGENT_REPORTS=gs://reports",
    ]


def test_the_agents_packages_are_those_of_its_arch_as_locked(root: Path) -> None:
    library = root / "opt/slipway/lib/agent"
    for package in ("cryptography", "securesystemslib", "slipway_agent", "tuf", "urllib3"):
        assert (library / package / "__init__.py").is_file()
    (compiled,) = library.glob("cryptography/hazmat/bindings/*.so")
    machine = int.from_bytes(compiled.read_bytes()[18:20], "little")  # elf(5): e_machine
    assert machine == 40  # EM_ARM


def test_what_the_device_trusts(root: Path) -> None:
    trust = root / "opt/slipway/trust"
    assert (trust / "root.json").read_text() == '{"signed": {"_type": "root"}}'
    assert tomllib.loads((trust / "policy.toml").read_text()) == {
        "registries": [REGISTRY],
        "host_paths": ["/opt/slipway/images", "/opt/slipway/streams"],
        "writable_host_paths": ["/opt/slipway/spool"],
    }
    assert "tcp_migrate_req = 1" in (root / "etc/sysctl.d/60-slipway.conf").read_text()


def test_the_registry_is_reached_over_tls_with_its_own_authority(root: Path) -> None:
    hosts = root / "opt/slipway/etc/certs.d/registry.example.com:5000/hosts.toml"
    assert hosts.read_text() == (
        'server = "https://registry.example.com:5000"\n'
        '[host."https://registry.example.com:5000"]\n'
        '  capabilities = ["pull", "resolve"]\n'
        '  ca = "/opt/slipway/etc/certs.d/registry.example.com:5000/ca.crt"\n'
    )


@pytest.fixture
def agent_pod(tmp_path: Path) -> Path:
    file = tmp_path / "slipway-agent-pod.yaml"
    file.write_text(AGENT_POD)
    return file


def test_the_agent_as_a_pod_and_again(
    trusted: tuple[str, ...], agent_pod: Path, tmp_path: Path
) -> None:
    target = tmp_path / "root"
    options = (*trusted, "--agent-pod", str(agent_pod), "--arch", "aarch64")
    trees = []
    for _ in range(2):
        done = install(*options, "--kubelet", "/bin/true", "--destdir", str(target))
        assert (done.returncode, done.stderr) == (0, "")
        trees.append({p: p.read_bytes() for p in target.rglob("*") if p.is_file()})
    assert trees[0] == trees[1]
    assert "policy.toml stays as it is" in done.stdout
    assert not (target / "etc/systemd/system/slipway-agent.service").exists()
    assert not (target / "opt/slipway/etc/certs.d").exists()  # known authority, no credentials

    pods = target / "opt/slipway/pods"
    agent_pod.write_text(AGENT_POD.replace("1a2b3c4d", "5e6f7a8b"))
    policy = target / "opt/slipway/trust/policy.toml"
    policy.write_text("registries = []\n")
    assert install(*options, "--kubelet", "/bin/true", "--destdir", str(target)).returncode == 0
    assert [(pod.name, pod.read_text()) for pod in pods.iterdir()] == [
        ("slipway-agent.slipway-agent-5e6f7a8b.yaml", agent_pod.read_text())
    ]
    assert policy.read_text() == "registries = []\n"


def test_a_dry_run_says_all_and_does_nothing(trusted: tuple[str, ...], tmp_path: Path) -> None:
    folder = str(tmp_path / "r")
    options = (*trusted, "--bucket", URL, "--channel", "beta", "--root", folder)
    done = install(*options, "--dry-run")
    assert done.returncode == 0
    assert f"would write: {folder}/bin/kubelet" in done.stdout
    assert f"would write: {folder}/trust/root.json" in done.stdout
    assert "would write: /etc/systemd/system/slipway-kubelet.service" in done.stdout
    assert "would write: /etc/sysctl.d/60-slipway.conf" in done.stdout
    assert done.stdout.endswith("nothing was done\n")
    assert list(tmp_path.iterdir()) == []


SERVICE = ("--bucket", URL, "--channel", "beta")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "no agent is given"),
        (("--channel", "beta"), "--bucket ''"),
        (("--bucket", "ftp://x", "--channel", "beta"), "'ftp://x' is not a bucket URL"),
        (("--bucket", URL, "--channel", "nightly"), "'nightly' does not exist"),
        ((*SERVICE, "--reports", "somewhere"), "--reports 'somewhere' is not a bucket URL"),
        ((*SERVICE, "--arch", "riscv64"), "'riscv64' is not supported"),
        ((*SERVICE, "--root", "relative"), "not an absolute folder"),
        ((*SERVICE, "--root", "/a b"), "unit files do not take"),
        ((*SERVICE, "--registry", "https://a"), "'https://a' is not HOST"),
        ((*SERVICE, "--registry", ""), "--registry is missing"),
        ((*SERVICE, "--kubelet", "/none"), "'/none' cannot be read"),
        ((*SERVICE, "--trust-root", ""), "--trust-root is missing"),
        ((*SERVICE, "--trust-root", "/none"), "'/none' cannot be read"),
        ((*SERVICE, "--trust-root", "/etc/passwd"), "'/etc/passwd' is not a root.json"),
        ((*SERVICE, "--agent-pod", "/etc/passwd"), "Leave them out"),
        (("--agent-pod", "/etc/passwd", "--arch", "armv7l"), "not the agent's pod for armv7l"),
        (("--bucket",), "--bucket needs a value"),
        (("--frobnicate",), "unknown option '--frobnicate'"),
    ],
)
def test_bad_options(trusted: tuple[str, ...], options: tuple[str, ...], said: str) -> None:
    done = install(*trusted, *options)
    assert done.returncode == 2
    assert said in done.stderr
    assert "slipway: " not in done.stdout


def test_a_real_run_needs_root() -> None:
    with tempfile.TemporaryDirectory() as name:  # where nobody can read as well
        file = Path(name) / "root.json"
        file.write_text('{"signed": {"_type": "root"}}')
        file.chmod(0o644)
        file.parent.chmod(0o755)
        user = "nobody" if os.geteuid() == 0 else None
        options = ("--trust-root", str(file), "--registry", REGISTRY, *SERVICE)
        done = install(*options, user=user)
    assert (done.returncode, "needs root" in done.stderr) == (2, True)


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_are_posix_shell(script: str) -> None:
    subprocess.run(["sh", "-n", str(DEVICE / script)], check=True)
    if shutil.which("shellcheck") is None:
        pytest.fail("shellcheck is not installed; run scripts/setup test")
    done = subprocess.run(
        ["shellcheck", "-x", script], cwd=DEVICE, capture_output=True, text=True, check=False
    )
    assert done.stdout == ""


def test_systemd_takes_the_units(root: Path, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    units = []
    for unit in UNITS:
        text = (root / "etc/systemd/system" / unit).read_text()
        (tmp_path / unit).write_text(text.replace("/opt/slipway", f"{root}/opt/slipway"))
        units.append(str(tmp_path / unit))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units],
        capture_output=True,
        text=True,
        check=False,
    )
    assert [line for line in done.stderr.splitlines() if "slipway" in line] == []


def test_the_pause_image_is_the_same_every_time_and_names_its_arch(tmp_path: Path) -> None:
    images = {}
    for name in ("a", "b"):
        images[name] = tmp_path / f"{name}.tar"
        command = ["sh", str(DEVICE / "make-pause-image"), str(images[name]), "armv7l"]
        subprocess.run(command, check=True)
    assert images["a"].read_bytes() == images["b"].read_bytes()
    with tarfile.open(images["a"]) as tar:
        config = tar.extractfile("./config.json")
        assert config is not None
        assert '"architecture":"arm","variant":"v7"' in config.read().decode()


def test_every_arch_has_a_pinned_kubelet() -> None:
    lines = (DEVICE / "versions.env").read_text().splitlines()
    values = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    for arch in ("x86_64", "aarch64", "armv7l"):
        assert len(bytes.fromhex(values[f"KUBELET_SHA256_{arch}"])) == 32
        assert values[f"KUBELET_VERSION_{arch}"].startswith("1.")
    assert values["KUBELET_VERSION_armv7l"].startswith("1.26.")  # the last line for 32-bit arm
