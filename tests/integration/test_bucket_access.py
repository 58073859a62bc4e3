"""Credentials that are missing, wrong or not enough, and URLs that are none."""

import json
import socket
import time
from pathlib import Path

import pytest

from slipway.domain.errors import Denied, InvalidSetting, Unavailable
from slipway.wiring import open_bucket
from tests.fixtures.buckets import aws_environment, running_server


def test_s3_denies_a_user_without_the_permission(monkeypatch: pytest.MonkeyPatch) -> None:
    """moto checks IAM policies from the sixth request on."""
    import boto3

    with running_server("aws_server", {"INITIAL_NO_AUTH_ACTION_COUNT": "5"}) as url:
        for name, value in aws_environment(url).items():
            monkeypatch.setenv(name, value)
        boto3.client("s3").create_bucket(Bucket="models")
        boto3.client("s3").put_object(Bucket="models", Key="key", Body=b"x")
        iam = boto3.client("iam")
        iam.create_user(UserName="reader")
        policy = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [policy]})
        iam.put_user_policy(UserName="reader", PolicyName="read", PolicyDocument=document)
        key = iam.create_access_key(UserName="reader")["AccessKey"]
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
        bucket = open_bucket("s3://models")
        assert bucket.read("key") == b"x"
        for call in (
            lambda: bucket.write("key", b"y"),
            lambda: bucket.create("other", b"y"),
            lambda: bucket.delete("key"),
            lambda: list(bucket.objects()),
        ):
            with pytest.raises(Denied):
                call()
        assert bucket.read("key") == b"x"
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
        with pytest.raises(Denied, match="s3://models/key"):
            open_bucket("s3://models").read("key")


def test_s3_without_credentials_is_denied(monkeypatch: pytest.MonkeyPatch, s3_server: str) -> None:
    for name, value in aws_environment(s3_server).items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(Denied, match="credentials") as caught:
        open_bucket("s3://models").read("key")
    assert "AWS" in caught.value.hint


def test_cloud_storage_without_credentials_is_denied(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    with pytest.raises(Denied, match=r"none\.json"):
        open_bucket("gs://models")


@pytest.mark.parametrize(
    "url",
    [
        *("", "models", "ftp://models", "s3://", "gs://", "s3://Upper", "gs://a", "s3://ok/../x"),
        *("gs://bucket//x", "s3://user:password@host/bucket", "file://", "file:///x\0"),
    ],
)
def test_what_is_no_bucket_url_is_refused(url: str) -> None:
    with pytest.raises(InvalidSetting) as caught:
        open_bucket(url)
    assert caught.value.hint


def test_a_server_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The timeouts are bounded: shortened here, the calls end though nobody ever answers."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(64)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        for name, value in aws_environment(url).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", url)
        monkeypatch.setattr("slipway.adapters.gcs_bucket._TIMEOUT", (0.2, 0.2))
        monkeypatch.setattr("slipway.adapters.gcs_bucket._PATIENCE", 0.5)
        monkeypatch.setattr("slipway.adapters.s3_bucket._TIMEOUT", (0.2, 0.2))
        started = time.monotonic()
        for scheme in ("s3", "gs"):
            with pytest.raises(Unavailable):
                open_bucket(f"{scheme}://models").read("key")
        assert time.monotonic() - started < 60
