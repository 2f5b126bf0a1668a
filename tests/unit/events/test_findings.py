"""Findings: where each security service writes the resource and how grave it is."""

from collections.abc import Callable
from typing import Any

import pytest

from aiops_daemon.model.event import UNKNOWN, Event, EventKind

Read = Callable[..., tuple[Event, ...]]
ME = "eu-west-1:111122223333"


@pytest.mark.parametrize(
    ("source", "detail", "keys", "severity"),
    [
        ("guardduty", {"type": "T", "severity": 8, "resource": {"s3BucketDetails": [{"name": "b"}]}}, ["s3:bucket#b"], 8),
        ("guardduty", {"type": "T", "severity": 2, "resource": {"accessKeyDetails": {"userName": "jo"}}}, ["iam:user#jo"], 2),
        ("guardduty", {"type": "T", "severity": True}, [f"unknown#{UNKNOWN}"], None),
        ("securityhub", {"findings": [{"Resources": [{"Id": f"arn:aws:ec2:{ME}:instance/i-1"}, {"Id": "arn:aws:s3:::b"}],
                                       "Severity": {"Normalized": 70}}]}, ["ec2:instance#i-1", "s3:bucket#b"], 7),
        ("securityhub", {"findings": [{"Resources": [{"Id": "AWS::::Account:111122223333"}], "Severity": {"Label": "HIGH"}}]},
         ["account#AWS::::Account:111122223333"], 8),
        ("inspector2", {"severity": "CRITICAL", "resources": [{"id": "i-1", "type": "AWS_EC2_INSTANCE"}]}, ["ec2:instance#i-1"], 9),
        ("macie", {"severity": {"description": "High", "score": 3}, "resourcesAffected": {"s3Bucket": {"name": "my.bucket"}}},
         ["s3:bucket#my.bucket"], 8),
        ("access-analyzer", {"resource": "arn:aws:s3:::b", "status": "ACTIVE"}, ["s3:bucket#b"], None),
        ("access-analyzer", {"accessPreviewId": "p-1"}, ["access-analyzer:preview#p-1"], None),
        ("config", {"resourceType": "AWS::S3::Bucket", "resourceId": "b"}, ["s3:bucket#b"], None),
        ("config", {"configurationItem": {"resourceType": "AWS::Redshift::Cluster", "resourceId": "c"}}, ["redshift:cluster#c"], None),
        ("config", {"resourceType": "odd", "resourceId": "c"}, ["config:resource#c"], None),
        ("trustedadvisor", {"check-name": "n", "resource_id": f"arn:aws:ec2:{ME}:instance/i-1"}, ["ec2:instance#i-1"], None),
        ("trustedadvisor", {"check-item-detail": {"Access Key ID": "AKIAEXAMPLE", "User Name": "jo"}}, ["iam:access-key#AKIAEXAMPLE"], None),
        ("trustedadvisor", {"resource_id": "", "check-item-detail": {"Volume ID": "vol-1", "Region": "x"}}, ["ec2:volume#vol-1"], None),
        ("trustedadvisor", {"check-item-detail": 7}, [f"account#{UNKNOWN}"], None),
    ],
)  # fmt: skip
def test_a_finding(read: Read, source: str, detail: dict[str, Any], keys: list[str], severity: float | None) -> None:
    found = read(f"aws.{source}", "Finding", detail)
    assert [event.resource.key for event in found] == keys
    assert {event.severity for event in found} == {severity}
    assert found[0].kind is EventKind.FINDING


def test_a_type_that_the_message_makes_up_is_no_type(read: Read) -> None:
    assert read("aws.config", "x", {"resourceType": "AWS::\u202e evil::X", "resourceId": "c"})[0].resource.key == "unknown#c"
