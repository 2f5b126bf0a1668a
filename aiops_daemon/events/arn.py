"""ARNs -> resource types and ids. An id is bare where AWS has a bare id for that kind of thing; otherwise it stays the ARN."""

import re

from aiops_daemon.model.event import Resource

_ARN = re.compile(r"^arn:aws[a-z-]*:(?P<service>[a-z0-9-]+):(?P<region>[^:]*):(?P<account>[^:]*):(?P<rest>.+)$", re.DOTALL)
_ACCOUNT = re.compile(r"^AWS::::Account:\d{12}$")
MAX_ID = 2048
# (service, kind in the ARN) -> thing, where the thing has another name.
_THINGS = {
    ("ec2", "natgateway"): "nat-gateway", ("ec2", "vpc-flow-log"): "flow-log", ("rds", "pg"): "parameter-group",
    ("rds", "cluster-pg"): "cluster-parameter-group", ("rds", "og"): "option-group", ("rds", "subgrp"): "subnet-group",
    ("events", "event-bus"): "bus", ("autoscaling", "autoscalinggroup"): "group", ("iam", "mfa"): "mfa-device",
    ("elasticfilesystem", "file-system"): "file-system", ("codebuild", "build"): "project",
    ("ssm", "managed-instance"): "managed-instance", ("states", "statemachine"): "state-machine",
}  # fmt: skip
# Kinds whose bare id is what every API of the service takes.
_BARE = frozenset({
    "instance", "volume", "snapshot", "image", "key", "db", "cluster", "cluster-snapshot", "table", "function", "certificate", "alarm",
    "trail", "parameter", "user", "role", "policy", "domain", "pg", "db-proxy", "repository", "security-group", "capacity-reservation",
    "job", "fleet", "vpc", "subnet", "natgateway", "route-table", "network-acl",
})  # fmt: skip
# EC2's ids say by themselves what they name.
_EC2_IDS = {
    "i": "instance", "vol": "volume", "snap": "snapshot", "ami": "image", "sg": "security-group", "vpc": "vpc", "subnet": "subnet",
    "rtb": "route-table", "acl": "network-acl", "igw": "internet-gateway", "nat": "nat-gateway", "eni": "network-interface",
    "eipalloc": "elastic-ip", "fl": "flow-log", "lt": "launch-template", "vpce": "vpc-endpoint", "pcx": "vpc-peering",
    "tgw": "transit-gateway", "cr": "capacity-reservation", "vpn": "vpn-connection", "key": "key-pair",
    "h": "dedicated-host", "sir": "spot-request",
}  # fmt: skip
_EC2_ID = re.compile(r"[a-z]{1,8}-[0-9a-f]{2,17}")
_SERVICES = {"elasticmapreduce": "emr", "elasticfilesystem": "efs", "es": "opensearch", "monitoring": "cloudwatch"}


def service_name(service: str) -> str:
    """The service part of a resource type for an ARN's, source's or event source's service."""
    return _SERVICES.get(service, service)


def ec2_type(identifier: str) -> str:
    """ec2:volume for vol-0abc, ec2:resource for a form that is not known."""
    return f"ec2:{_EC2_IDS.get(identifier.partition('-')[0], 'resource')}"


def formed(text: str) -> Resource | None:
    """The EC2 resource that an id of EC2's form names by itself: vpc-0abc."""
    kind = ec2_type(text)
    return Resource(type=kind, id=text) if _EC2_ID.fullmatch(text) and not kind.endswith(":resource") else None


def is_arn(text: str) -> bool:
    return _ARN.match(text) is not None


def resource_of(arn: str) -> Resource | None:
    """The resource that an ARN names, or None where it is none."""
    text = arn.strip()
    if _ACCOUNT.match(text):
        return Resource(type="account", id=text)
    match = _ARN.match(text)
    if match is None or len(text) > MAX_ID:
        return None
    return _fixed(text, match["service"], match["rest"]) or _by_kind(text, match["service"], match["rest"])


def _fixed(text: str, service: str, rest: str) -> Resource | None:
    """Services whose ARNs have no kind in them, or another than the thing's own."""
    if service == "s3":
        return Resource(type="s3:object" if "/" in rest else "s3:bucket", id=text if "/" in rest else rest)
    if service == "ssm" and rest.startswith("managed-instance/i-"):
        return Resource(type="ec2:instance", id=rest.partition("/")[2])
    thing = {"sqs": "sqs:queue", "sns": "sns:topic", "sts": "iam:role"}.get(service)
    return Resource(type=thing, id=text) if thing else None


def _by_kind(text: str, service: str, rest: str) -> Resource:
    kind, _, name = rest.partition("/") if "/" in rest and (":" not in rest or rest.index("/") < rest.index(":")) else rest.partition(":")
    if service == "dynamodb" and "/" in name:  # table/Music/backup/01: the last kind is what it is
        return Resource(type=f"dynamodb:{name.split('/')[-2].lower() or 'resource'}", id=text)
    thing = _THINGS.get((service, kind.lower()), kind.lower()) if name else "resource"
    bare = name and kind in _BARE and not (service == "ec2" and not name.strip())
    return Resource(type=f"{service_name(service)}:{thing or 'resource'}", id=name.strip() if bare else text)
