"""Security findings: GuardDuty, Security Hub, Inspector, Macie, Access Analyzer, Config, Trusted Advisor."""

from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from aiops_daemon.events.arn import resource_of, service_name
from aiops_daemon.events.making import made
from aiops_daemon.events.tree import at, first_text, texts
from aiops_daemon.model.envelope import Envelope
from aiops_daemon.model.event import UNKNOWN, EventKind, Reading, Resource

# GuardDuty: where the affected resource stands, by kind.
_GUARDDUTY = (
    ("resource.instanceDetails.instanceId", "ec2:instance"), ("resource.s3BucketDetails.name", "s3:bucket"),
    ("resource.eksClusterDetails.name", "eks:cluster"), ("resource.rdsDbInstanceDetails.dbInstanceIdentifier", "rds:db"),
    ("resource.lambdaDetails.functionName", "lambda:function"), ("resource.ecsClusterDetails.arn", "ecs:cluster"),
    ("s3ObjectDetails.bucketName", "s3:bucket"), ("s3BucketDetails.bucketName", "s3:bucket"), ("resourceArn", "resource"),
    ("resource.accessKeyDetails.userName", "iam:user"), ("service.detection.sequence.resources.uid", "resource"),
)  # fmt: skip
_CONFIG_TYPES = {
    "AWS::EC2::Instance": "ec2:instance", "AWS::S3::Bucket": "s3:bucket", "AWS::IAM::User": "iam:user", "AWS::IAM::Role": "iam:role",
    "AWS::EC2::SecurityGroup": "ec2:security-group", "AWS::RDS::DBInstance": "rds:db", "AWS::EC2::Volume": "ec2:volume",
    "AWS::Lambda::Function": "lambda:function", "AWS::KMS::Key": "kms:key", "AWS::CloudTrail::Trail": "cloudtrail:trail",
    "AWS::DynamoDB::Table": "dynamodb:table", "AWS::EC2::VPC": "ec2:vpc", "AWS::EC2::Subnet": "ec2:subnet",
}  # fmt: skip

_FALLBACKS = {"config": "config:resource", "trustedadvisor": "account"}
# The others: where the resource stands, and its type where the place says it.
_LISTED = (
    ("findings.Resources.Id", ""),
    ("findings.resources.uid", ""),
    ("resources.id", ""),
    ("repository-name", "ecr:repository"),
    ("resourcesAffected.s3Bucket.name", "s3:bucket"),
    ("resource", ""),
)
# Trusted Advisor without a resource id: the column of its check that names the resource.
_COLUMNS = {
    "Instance ID": "ec2:instance", "Volume ID": "ec2:volume", "Security Group ID": "ec2:security-group", "Bucket Name": "s3:bucket",
    "DB Instance": "rds:db", "Load Balancer Name": "elasticloadbalancing:loadbalancer", "IP Address": "ec2:elastic-ip",
}  # fmt: skip


def read(envelope: Envelope) -> Reading:
    """By source: each has its own place for the resource."""
    source, detail = envelope.source.removeprefix("aws."), envelope.detail
    reader = _READERS.get(source, _listed)
    name = first_text(
        detail, "type", "eventTypeCode", "check-name", "findings.Types", "findings.Title", "messageType", "status", "configRuleName"
    )
    return made(
        envelope,
        EventKind.FINDING,
        name or envelope.detail_type,
        list(reader(envelope)) or _beside(envelope),
        fallback=_FALLBACKS.get(source, UNKNOWN),
        severity=_severity(detail),
    )


def _beside(envelope: Envelope) -> list[Resource]:
    """Inspector names what it looked at beside the detail, where that has no place for it."""
    if not envelope.source.startswith("aws.inspector"):
        return []
    return [resource_of(text) or _plain(text) for text in envelope.resources if text.strip()]


def _severity(detail: Mapping[str, JsonValue]) -> float | None:
    """The source's own number on a scale of 1 to 10."""
    for path, scale in (("severity", 1.0), ("findings.Severity.Normalized", 0.1)):
        for value in at(detail, path):
            if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value * scale <= 10:
                return max(1.0, value * scale)
    label = first_text(detail, "severity", "findings.Severity.Label", "severity.description").upper()
    return {"CRITICAL": 9.0, "HIGH": 8.0, "MEDIUM": 5.0, "LOW": 3.0, "INFORMATIONAL": 1.0}.get(label)


def _guardduty(envelope: Envelope) -> Iterator[Resource]:
    for path, kind in _GUARDDUTY:
        found = texts(envelope.detail, path)
        if found:
            yield from (resource_of(text) or Resource(type=kind, id=text) for text in found)
            return


def _listed(envelope: Envelope) -> Iterator[Resource]:
    for path, kind in _LISTED:
        found = texts(envelope.detail, path)
        if found:
            yield from (resource_of(text) or (Resource(type=kind, id=text) if kind else _plain(text)) for text in found)
            return


def _plain(text: str) -> Resource:
    return Resource(type="ec2:instance" if text.startswith("i-") else "s3:bucket" if "." in text else "unknown", id=text)


def _access_analyzer(envelope: Envelope) -> Iterator[Resource]:
    preview = first_text(envelope.detail, "accessPreviewId")
    if preview:
        yield Resource(type="access-analyzer:preview", id=preview)
    else:
        yield from _listed(envelope)


def _config(envelope: Envelope) -> Iterator[Resource]:
    detail = envelope.detail
    kind = first_text(detail, "resourceType", "configurationItem.resourceType", "resource-type")
    for text in texts(detail, "resourceId") or texts(detail, "configurationItem.resourceId") or texts(detail, "resource-id"):
        yield Resource(type=_CONFIG_TYPES.get(kind, _config_type(kind)), id=text)


def _config_type(kind: str) -> str:
    """AWS::ElasticLoadBalancingV2::LoadBalancer -> elasticloadbalancing:loadbalancer."""
    if kind.count("::") != 2:
        return "config:resource"
    service, thing = kind.lower().split("::")[1:]
    return f"{service_name(service.removesuffix('v2'))}:{thing}"


def _advisor(envelope: Envelope) -> Iterator[Resource]:
    key = first_text(envelope.detail, "check-item-detail.Access Key ID")
    if key:
        yield Resource(type="iam:access-key", id=key)
        return
    found = [one for text in texts(envelope.detail, "resource_id") if (one := resource_of(text)) is not None]
    cells = ((kind, texts(envelope.detail, f"check-item-detail.{column}")) for column, kind in _COLUMNS.items())
    yield from found or [Resource(type=kind, id=text) for kind, listed in cells for text in listed][:1]


_READERS = {
    "guardduty": _guardduty,
    "access-analyzer": _access_analyzer,
    "config": _config,
    "trustedadvisor": _advisor,
}
