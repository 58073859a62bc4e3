"""The source over http and https, against a real server that can misbehave."""

import email.utils
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from agent_testing.attacks import GOOD, NEWER, Attacked
from agent_testing.repository import FOLDER
from agent_testing.web import Site, serve
from slipway_agent import channel as channel_module
from slipway_agent.errors import AgentError, Denied, NotFound, Refused, Unavailable
from slipway_agent.sources import http as http_module
from slipway_agent.sources import open_source


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path / "bucket")
    with serve(site):
        yield site


@pytest.fixture
def device(tmp_path: Path, site: Site) -> Iterator[Attacked]:
    device = Attacked(tmp_path, site.url)
    yield device
    device.poller.close()


IDLE = [("metadata/timestamp.json", 304)]


@pytest.mark.parametrize("etags", [True, False])
def test_an_idle_poll_is_one_304_on_a_kept_connection(
    device: Attacked, site: Site, etags: bool
) -> None:
    site.etags = etags
    assert device.runs() == GOOD
    site.paths()
    for _ in range(3):
        device.poller.poll()
    assert site.paths() == IDLE * 3
    assert site.connections == 1


def test_a_move_fetches_the_signed_lists_and_what_moved(device: Attacked, site: Site) -> None:
    device.runs()
    site.paths()
    device.repository.publish(NEWER)
    assert device.runs() == NEWER
    paths = [path.rpartition("/")[2] for path, status in site.paths() if status == 200]
    assert [name.partition(".")[2] if len(name) > 64 else name for name in paths] == [
        "timestamp.json",
        "3.snapshot.json",
        "4.x86_64.latest.json",
        "index.json",
        "m-pod.yaml",
    ]


def test_a_new_process_downloads_nothing_that_it_has(device: Attacked, site: Site) -> None:
    device.runs()
    site.paths()
    device.poller.restart()
    assert device.runs() == GOOD
    assert site.paths() == [("metadata/timestamp.json", 200), ("metadata/2.root.json", 404)]


def test_a_timestamp_signed_anew_costs_two_requests(device: Attacked, site: Site) -> None:
    device.runs()
    device.repository.resign()
    site.paths()
    device.runs()
    assert site.paths() == [("metadata/timestamp.json", 200), ("metadata/2.root.json", 404)]
    device.runs()
    assert site.paths() == IDLE


def test_a_connection_that_the_server_closed_is_opened_again(device: Attacked, site: Site) -> None:
    site.close = True
    assert device.runs() == GOOD
    assert device.runs() == GOOD


@pytest.mark.parametrize("only", ["timestamp", "snapshot", "latest.json", "m-pod.yaml"])
@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, Denied), (403, Denied), (429, Unavailable), (500, Unavailable), (503, Unavailable)],
)
def test_an_error_status_is_told_and_passes(
    device: Attacked, site: Site, only: str, status: int, kind: type[AgentError]
) -> None:
    device.runs()
    device.repository.publish(NEWER)
    site.only, site.status = only, status
    device.refuses(kind, f"{only}.* {status}|x86_64.{only}.* {status}")
    site.status = 0
    assert device.runs() == NEWER


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honoured_as_seconds_and_as_a_date(
    device: Attacked, site: Site, status: int
) -> None:
    device.runs()
    device.repository.publish(NEWER)
    soon = email.utils.formatdate(time.time() + 30, usegmt=True)
    for only in ("timestamp", "snapshot"):
        for header, least, most in (
            ("17", 17, 17),
            (soon, 10, 30),
            ("1000000", 3600, 3600),
            ("", 0, 0),
            ("never", 0, 0),
            ("-5", 0, 0),
        ):
            site.only, site.status, site.retry_after = only, status, header
            with pytest.raises(Unavailable) as failure:
                device.poller.poll()
            assert least <= failure.value.retry_after <= most, header


@pytest.mark.parametrize("only", ["timestamp", "snapshot", "m-pod.yaml"])
def test_a_connection_that_is_reset(device: Attacked, site: Site, only: str) -> None:
    device.runs()
    device.repository.publish(NEWER)
    site.only, site.reset = only, True
    device.refuses(Unavailable, f"{only}.* does not answer")
    site.reset = False
    assert device.runs() == NEWER


@pytest.mark.parametrize("only", ["timestamp", "snapshot", "m-pod.yaml"])
def test_a_black_hole_is_given_up(
    device: Attacked, site: Site, only: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_module, "TIMEOUT", 0.3)
    device.poller.restart()
    device.runs()
    device.repository.publish(NEWER)
    site.only, site.silent = only, True
    device.refuses(Unavailable, f"{only}.* does not answer: timed out")
    site.silent = False
    assert device.runs() == NEWER


@pytest.mark.parametrize("only", ["timestamp", "snapshot", "m-pod.yaml"])
def test_endless_data_without_a_length(device: Attacked, site: Site, only: str) -> None:
    device.runs()
    device.repository.publish(NEWER)
    site.only, site.endless = only, True
    device.refuses(Refused, f"{only}.* has more than [0-9]+ bytes")


@pytest.mark.parametrize("only", ["timestamp", "snapshot", "m-pod.yaml"])
def test_slow_retrieval_is_given_up(
    device: Attacked, site: Site, only: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One byte now and then keeps every timeout of a single answer content."""
    device.runs()
    device.repository.publish(NEWER)
    site.only, site.drip = only, 0.05
    monkeypatch.setattr(channel_module, "_LONGEST_READ", 0.5)
    device.refuses(Unavailable, r"not read in 0\.5 seconds")
    site.drip = 0.0
    monkeypatch.setattr(channel_module, "_LONGEST_READ", 60.0)
    assert device.runs() == NEWER


def test_an_answer_that_is_cut_short_is_no_answer(device: Attacked, site: Site) -> None:
    site.cut = 5
    device.refuses(Unavailable, "cut short")


def test_a_server_that_says_unchanged_to_who_has_nothing(device: Attacked, site: Site) -> None:
    site.status = 304
    device.refuses(Unavailable, "answers 304")


def test_a_server_that_is_gone_is_unavailable(tmp_path: Path) -> None:
    with serve(Site(tmp_path)) as url:
        pass
    with pytest.raises(Unavailable, match="does not answer"):
        open_source(url).read("metadata/timestamp.json", 100)


def test_redirects_are_followed_without_the_password_and_not_for_ever(
    tmp_path: Path, device: Attacked, site: Site
) -> None:
    front = Site(tmp_path / "front")
    with serve(front):
        front.redirect = site.url
        url = front.url.replace("//", "//user:secret@")
        with closing(open_source(url)) as source:
            path = "metadata/timestamp.json"
            data = (site.root / path).read_bytes()
            assert source.changed(path, 10_000) == data
            assert source.changed(path, 10_000) is None
            assert all("authorization" in headers for headers in front.headers)
            assert not any("authorization" in headers for headers in site.headers)
            front.redirect = front.url
            with pytest.raises(Refused, match="redirects more than 5 times"):
                source.read(path, 10_000)
            site.status = 500
            front.redirect = site.url.replace("//", "//u:signed@") + "/x?token=signed&path="
            with pytest.raises(Unavailable) as failure:
                source.read(path, 10_000)
            assert "signed" not in failure.value.message
            front.redirect = "http://127.0.0.1:1/x?token=signed&path="
            with pytest.raises(Unavailable, match=r"127\.0\.0\.1:1/x does not") as failure:
                source.read(path, 10_000)
            assert "signed" not in failure.value.message
            front.redirect = "file:///etc/passwd#"
            with pytest.raises(Refused, match="not http or https"):
                source.read(path, 10_000)


def test_the_password_is_sent_and_never_shown(device: Attacked, site: Site) -> None:
    device.poller.url = site.url.replace("//", "//us%40er:se%2Fcret@")
    device.poller.restart()
    assert device.runs() == GOOD
    assert site.headers[0]["authorization"] == "Basic dXNAZXI6c2UvY3JldA=="
    site.status = 401
    with pytest.raises(Denied) as refusal:
        device.poller.poll()
    out = device.poller.out.getvalue()
    assert "cret" not in refusal.value.message + device.poller.source.url + out


def test_a_name_that_a_url_cannot_hold_is_quoted(site: Site) -> None:
    with closing(open_source(site.url)) as source, pytest.raises(NotFound):
        source.read(f"targets/{FOLDER}/a b#?%41", 100)
    assert site.asked[-1][0].endswith("/a%20b%23%3F%2541")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A self-signed certificate for 127.0.0.1, with its key."""
    path = tmp_path / "certificate.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    names = ["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(
        [*command.split(), *names, "-keyout", path, "-out", tmp_path / "only.pem"],
        check=True,
        capture_output=True,
    )
    path.write_text(path.read_text() + (tmp_path / "only.pem").read_text())
    return path


def test_https_is_verified(
    tmp_path: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    site = Site(tmp_path / "bucket")
    with serve(site, context) as url:
        device = Attacked(tmp_path, url)
        with pytest.raises(Denied, match="certificate is not accepted"):
            device.poller.poll()
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        device.poller.restart()
        assert device.runs() == GOOD
        site.redirect = url.replace("https", "http")
        with pytest.raises(Refused, match="from https to http"):
            device.poller.poll()
        device.poller.close()
