"""A build's plan goes to the bucket that its environment names, and comes back by version only as it was."""

import pytest
from moto import mock_aws

from aiops_daemon.embedded.artifacts import Artifacts, Kept, Mismatch


@pytest.fixture
def artifacts(monkeypatch: pytest.MonkeyPatch) -> Artifacts:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    return Artifacts("plans", "inc-1")


@mock_aws
def test_each_version_is_what_it_was(artifacts: Artifacts) -> None:
    artifacts._s3.create_bucket(Bucket="plans")
    artifacts._s3.put_bucket_versioning(Bucket="plans", VersioningConfiguration={"Status": "Enabled"})
    first, second = artifacts.keep("plan.json", b"one"), artifacts.keep("plan.json", b"two")
    assert artifacts.fetch("plan.json", first) == b"one"
    assert artifacts.fetch("plan.json", second) == b"two"
    with pytest.raises(Mismatch, match="is not the one that was pinned"):
        artifacts.fetch("plan.json", Kept(first.version, second.sha256))
