"""ARNs as the services write them."""

import pytest

from aiops_daemon.events.arn import ec2_type, resource_of

ME = "eu-west-1:111122223333"


@pytest.mark.parametrize(
    ("arn", "key"),
    [
        (f"arn:aws:ec2:{ME}:instance/i-0a", "ec2:instance#i-0a"),
        ("arn:aws-us-gov:ec2::us-gov-west-1:snapshot/snap-0a", "ec2:snapshot#snap-0a"),
        (f"arn:aws:ec2:{ME}:natgateway/nat-0a", "ec2:nat-gateway#nat-0a"),
        (f"arn:aws:rds:{ME}:db:orders", "rds:db#orders"),
        (f"arn:aws:rds:{ME}:cluster-snapshot:rds:nightly", "rds:cluster-snapshot#rds:nightly"),
        ("arn:aws:s3:::logs", "s3:bucket#logs"),
        ("arn:aws:s3:::logs/a/b", "s3:object#arn:aws:s3:::logs/a/b"),
        (f"arn:aws:sqs:{ME}:q", f"sqs:queue#arn:aws:sqs:{ME}:q"),
        (f"arn:aws:sns:{ME}:t", f"sns:topic#arn:aws:sns:{ME}:t"),
        ("arn:aws:sts::111122223333:assumed-role/r/s", "iam:role#arn:aws:sts::111122223333:assumed-role/r/s"),
        (f"arn:aws:ssm:{ME}:managed-instance/i-0a", "ec2:instance#i-0a"),
        (f"arn:aws:dynamodb:{ME}:table/t", "dynamodb:table#t"),
        (f"arn:aws:dynamodb:{ME}:table/t/stream/1", f"dynamodb:stream#arn:aws:dynamodb:{ME}:table/t/stream/1"),
        (f"arn:aws:elasticfilesystem:{ME}:file-system/fs-1", f"efs:file-system#arn:aws:elasticfilesystem:{ME}:file-system/fs-1"),
        (f"arn:aws:es:{ME}:domain/d", "opensearch:domain#d"),
        (f"arn:aws:lambda:{ME}:function:f", "lambda:function#f"),
        ("AWS::::Account:111122223333", "account#AWS::::Account:111122223333"),
    ],
)
def test_type_and_id(arn: str, key: str) -> None:
    found = resource_of(f" {arn} ")
    assert found is not None
    assert found.key == key


@pytest.mark.parametrize("text", ["", "i-0a", "arn:aws", "arn:azure:ec2:x:y:instance/i", "arn:aws:ec2:::", "arn:aws:ec2:a:b:" + "x" * 3000])
def test_what_is_no_arn_names_nothing(text: str) -> None:
    assert resource_of(text) is None


def test_an_ec2_id_says_what_it_is() -> None:
    assert [ec2_type(text) for text in ("i-0a", "vol-0a", "eipalloc-0a", "0a", "")] == [
        "ec2:instance", "ec2:volume", "ec2:elastic-ip", "ec2:resource", "ec2:resource",
    ]  # fmt: skip
